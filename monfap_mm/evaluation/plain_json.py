"""Values that JSON can hold."""

import math


def without_nan(value):
    """A copy of nested dicts, lists and tuples with None in place of NaN and infinity, which JSON does not know.

    Args:
        value: Dicts, lists and tuples of anything; tuples become lists, as in JSON.

    Returns:
        The copy; what is no dict, list, tuple or float is in it as it is.
    """
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
