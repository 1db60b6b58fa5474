"""Masks as run lengths in COCO's uncompressed form, which pycocotools reads (``mask.frPyObjects``).

The form is simple enough that answers need no extra dependency: pixels are read column by column, and ``counts`` holds
the lengths of the runs in turn, first of zeros (0 where the first pixel is set), then of ones, and so on.
"""

import numpy as np


def encode_rle(mask: np.ndarray) -> dict:
    """Encode a mask.

    Args:
        mask: (H, W), bool.

    Returns:
        ``size``, [H, W], and ``counts``, a list of integers whose sum is H * W.
    """
    pixels = np.concatenate([[False], mask.ravel(order='F')])
    changes = np.flatnonzero(pixels[1:] != pixels[:-1])
    counts = np.diff(changes, prepend=0, append=mask.size)
    return dict(size=list(mask.shape), counts=counts.tolist())


def decode_rle(rle: dict) -> np.ndarray:
    """Decode a mask.

    Args:
        rle: As :func:`encode_rle` makes it.

    Returns:
        (H, W), bool.

    Raises:
        ValueError: If it is no such thing, or its runs do not fill the mask.
    """
    try:
        height, width = (int(length) for length in rle['size'])
        counts = np.asarray(rle['counts'], dtype=np.int64)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError('a mask is {"size": [height, width], "counts": [run lengths]}, with integers') from error
    if counts.ndim != 1 or (counts < 0).any() or counts.sum() != height * width:
        raise ValueError(f'the runs of a mask of {height} x {width} must sum to {height * width}, got {counts.sum()}')
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order='F')


def rle_share(rle: dict) -> float:
    """Share of the pixels that are set, 0 to 1, without decoding the mask."""
    return sum(rle['counts'][1::2]) / (rle['size'][0] * rle['size'][1])
