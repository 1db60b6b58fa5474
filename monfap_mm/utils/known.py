"""What is there although its type says that it may not be: an answer without error has a mask, which no type tells."""

from typing import TypeVar

T = TypeVar('T')


def known(value: T | None) -> T:
    """The value.

    Raises:
        AssertionError: If it is None, which is a mistake of the code that asks.
    """
    assert value is not None
    return value
