"""Which way up a picture is shown.

"As a viewer shows it" means as Chromium does, which a test compares. It is strict: in JPEG, the first EXIF block
counts; in it, the first entry 274 that is a single SHORT from 1 to 8. In PNG, the same holds for a chunk ``eXIf``
before the pixels. XMP is ignored, and so is EXIF in WebP. AVIF and HEIF are turned by properties of their own. TIFF,
which browsers do not show, is turned by its tag.
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
