"""COCO's run lengths, with every count checked: pycocotools turns a damaged string into a mask of old memory."""

from typing import Any

import numpy as np

from ..media.errors import BadInput

_MORE, _SIGN, _BITS = 0x20, 0x10, 5
# Numbers of more characters would be longer than 64 bits.
_MAX_SHIFT = 60


def draw_runs(runs: dict, height: int, width: int) -> np.ndarray:
    """Draw run lengths, plain (a list) or compressed (a string).

    Args:
        runs: ``{'size': [height, width], 'counts': ...}``: lengths of runs of 0 and 1 by turns, column by column.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        Bool array (H, W).

    Raises:
        BadInput: If they are of another size, a length is negative or no whole number, they do not add up to the image,
            or the string is cut off in a number.
    """
    size, counts = runs.get('size'), runs.get('counts')
    if size != [height, width]:
        raise BadInput(f'run lengths are for an image of {size}, but it has [{height}, {width}] (height, width)')
    try:
        lengths = _as_lengths(_decompress(counts) if isinstance(counts, str) else counts)
        total = int(lengths.sum(dtype=object))
        if total != height * width:
            raise ValueError(f'they add up to {total} pixels, but the image has {height * width}')
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(f'run lengths are damaged: {error}') from error
    ones = np.arange(len(lengths)) % 2 == 1
    return np.ascontiguousarray(np.repeat(ones, lengths).reshape(width, height).T)


def _as_lengths(counts: Any) -> np.ndarray:
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise ValueError('they are neither a list of whole numbers nor a string')
    lengths = np.array(counts, np.int64)
    if (lengths < 0).any():
        raise ValueError('one is negative')
    return lengths


def _decompress(text: str) -> list[int]:
    """The numbers of a string: 5 bits per character, low ones first; from the fourth on, less the last but one."""
    counts, number, shift = [], 0, 0
    for char in text:
        bits = ord(char) - ord('0')
        if not 0 <= bits < 2 * _MORE:
            raise ValueError(f'{char!r} does not occur in them')
        number |= (bits % _MORE) << shift
        shift += _BITS
        if bits & _MORE:
            if shift > _MAX_SHIFT:
                raise ValueError('a number is too long')
            continue
        if bits & _SIGN:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number, shift = 0, 0
    if shift:
        raise ValueError('they break off in a number')
    return counts
