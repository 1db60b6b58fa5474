"""TIFF, which Pillow reads by libtiff: silently, and with a reason where it is of a kind that is not read."""

import ctypes
import warnings
from typing import BinaryIO

from PIL import ExifTags, TiffImagePlugin, _imaging

FLOATS = 'a picture of floating-point values: save it with integers of 8 or 16 bits (0 to 255 or 65535), as TIFF or PNG'
_SIGNATURES = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')  # the last two of BigTIFF
_IEEE_FLOAT = 3


def silence_libtiff() -> None:
    """Stop libtiff from printing to the standard error of the process, past Python.

    Where it prints an error, Pillow refuses the picture, so that the answer tells of it. Only for the libtiff that
    Pillow brings; one that cannot be reached goes on printing.
    """
    try:
        pillow = ctypes.CDLL(_imaging.__file__)
        set_handlers = pillow.TIFFSetErrorHandler, pillow.TIFFSetWarningHandler
    except (OSError, AttributeError):
        return
    for set_handler in set_handlers:
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)


def why_unread(file: BinaryIO) -> str | None:
    """What kind of picture a TIFF holds that Pillow does not know; None if the file is no TIFF, or damaged."""
    file.seek(0)
    start = file.read(16)
    if not start.startswith(_SIGNATURES):
        return None
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(start if start[2:4] in (b'+\0', b'\0+') else start[:8])
        file.seek(tags.next)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            tags.load(file)
        bits = tags[ExifTags.Base.BitsPerSample]
        formats = tags.get(ExifTags.Base.SampleFormat, ())
    # Parsers signal damage by many types of exceptions.
    except Exception:
        return None
    if _IEEE_FLOAT in formats:
        return FLOATS
    kind = f'{len(bits)} values of {", ".join(map(str, sorted(set(bits))))} bits per pixel'
    return f'a TIFF of a kind that is not read ({kind}): save it with 8 or 16 bits per value'
