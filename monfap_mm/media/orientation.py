"""Which way up a picture is shown.

"As a viewer shows it" means as Chromium does, which a test compares. It is strict: in JPEG, the first EXIF block
counts; in it, the first entry 274 that is a single SHORT from 1 to 8. In PNG, the same holds for a chunk ``eXIf``
before the pixels. XMP is ignored, and so is EXIF in WebP. AVIF and HEIF are turned by properties of their own, videos
by their display matrix. TIFF, which browsers do not show, is turned by its tag.
"""

import struct

import numpy as np

UPRIGHT = 1
_ORIENTATION, _SHORT = 274, 3
# From the stored pixels to what is shown, by orientation: which axes are reversed, and whether they change places then.
TURNS = {
    2: ((1,), False),
    3: ((0, 1), False),
    4: ((0,), False),
    5: ((), True),
    6: ((0,), True),
    7: ((0, 1), True),
    8: ((1,), True),
}
_INVERSE = {6: 8, 8: 6}
# Whether rows become columns, and whether stored columns and rows then run as what is shown does.
_BY_SIGNS = {
    (False, True, True): 1,
    (False, False, True): 2,
    (False, False, False): 3,
    (False, True, False): 4,
    (True, True, True): 5,
    (True, True, False): 6,
    (True, False, False): 7,
    (True, False, True): 8,
}


def exif_orientation(exif: bytes) -> int:
    """The orientation that an EXIF block asks for.

    Args:
        exif: The block from its byte order mark on; it may be damaged in any way.

    Returns:
        1 to 8; 1, upright, where it asks for none, or not in the one way that counts.
    """
    order = {b'II*\0': '<', b'MM\0*': '>'}.get(exif[:4])
    if order is None or len(exif) < 8:
        return UPRIGHT
    (directory,) = struct.unpack_from(f'{order}I', exif, 4)
    if directory + 2 > len(exif):
        return UPRIGHT
    (count,) = struct.unpack_from(f'{order}H', exif, directory)
    for place in range(directory + 2, min(directory + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, length, value = struct.unpack_from(f'{order}HHIH', exif, place)
        if (tag, kind, length) == (_ORIENTATION, _SHORT, 1) and UPRIGHT <= value <= 8:
            return value
    return UPRIGHT


def matrix_orientation(across: tuple[float, float], down: tuple[float, float]) -> int:
    """The orientation that comes nearest to a display matrix of a video, mirroring included.

    Args:
        across: Where a step to the right in the stored pixels leads in what is shown: to the right, and down.
        down: The same for a step down.

    Returns:
        1 to 8; 1, upright, where the matrix is flat, as one of zeros is.
    """
    turned = abs(across[0]) + abs(down[1]) < abs(across[1]) + abs(down[0])
    ahead, beside = (across[1], down[0]) if turned else (across[0], down[1])
    return _BY_SIGNS[turned, ahead > 0, beside > 0] if ahead and beside else UPRIGHT


def as_shown(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored pixels, or a mask of them, as a viewer turns the picture.

    Args:
        stored: Array (H, W) or (H, W, C).
        orientation: 1 to 8.

    Returns:
        Array of the turned size, contiguous; ``stored`` itself if the orientation is 1 or none of these.
    """
    if orientation not in TURNS:
        return stored
    reversed_axes, swaps = TURNS[orientation]
    shown = np.flip(stored, reversed_axes)
    return np.ascontiguousarray(shown.swapaxes(0, 1) if swaps else shown)


def as_stored(shown: np.ndarray, orientation: int) -> np.ndarray:
    """What :func:`as_shown` has turned, as it was before."""
    return as_shown(shown, _INVERSE.get(orientation, orientation))
