"""Whether weights fit a model."""

import re
from collections.abc import Mapping

from torch import Tensor

NUM_SHOWN = 5


def compare_state_dicts(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``given`` from being loaded into a model with the weights ``expected``.

    Wrappers (DDP, test-time augmentation) put 'module.' before the keys; it does not count.

    Returns:
        list[str]: One line each for missing, unexpected and misshapen weights, as far as there are any.
    """
    expected, given = without_wrapper(expected), without_wrapper(given)
    shared = [key for key in expected if key in given]
    found = {
        'missing': [key for key in expected if key not in given],
        'unexpected': [key for key in given if key not in expected],
        'of another shape': [
            f'{key} (model {tuple(expected[key].shape)}, checkpoint {tuple(given[key].shape)})'
            for key in shared
            if expected[key].shape != given[key].shape
        ],
    }
    return [f'  {len(keys)} {what}: {_first(keys)}' for what, keys in found.items() if keys]


def without_wrapper(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by their names in the model itself; what is no tensor is left out."""
    # DDP around test-time augmentation puts it there twice.
    return {re.sub(r'^(module\.)+', '', key): value for key, value in state_dict.items() if isinstance(value, Tensor)}


def _first(keys: list[str]) -> str:
    more = f', and {len(keys) - NUM_SHOWN} more' if len(keys) > NUM_SHOWN else ''
    return ', '.join(keys[:NUM_SHOWN]) + more
