"""Reading source images without trusting them, and writing files so that none is ever seen half finished."""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image

from .errors import BadInput

MAX_PIXELS = 64_000_000
# Formats that are decoded in this process by well-tested libraries; not, for instance, PostScript.
_FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'GIF')
UPRIGHT = 1


@dataclass(frozen=True)
class Header:
    """What an image file says of itself before it is decoded.

    Attributes:
        width: Columns of the stored pixels.
        height: Rows of the stored pixels.
        orientation: EXIF orientation, 1 (upright) to 8.
    """

    width: int
    height: int
    orientation: int


def name_of(source: str | Path | io.BytesIO) -> str:
    """What errors call a source; the contents of a file in memory may have a ``name``, as open files do."""
    return str(getattr(source, 'name', 'the picture') if isinstance(source, io.BytesIO) else source)


def read_header(source: str | Path | io.BytesIO, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the header of an image; nothing is decoded, so a small file that unpacks to gigabytes does no harm.

    Args:
        source: Path of a file, or the contents of one.
        max_pixels: Largest number of pixels.

    Raises:
        BadInput: If the file is no regular one, cannot be read, is no image, or has more than ``max_pixels`` pixels.
    """
    path = name_of(source)
    # A pipe or a device would block the reader.
    if not isinstance(source, io.BytesIO) and not os.path.isfile(source):
        raise BadInput(f'There is no file {path}, or it is not a regular one')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(source, formats=_FORMATS) as image:
                header = Header(*_stored_size(image), image.getexif().get(ExifTags.Base.Orientation, UPRIGHT))
    except Image.UnidentifiedImageError as error:
        raise BadInput(f'{path} is no image, or its header is damaged') from error
    # Pillow's parsers signal damage by many types of exceptions.
    except Exception as error:
        raise BadInput(f'Cannot read the header of {path}: {error}') from error
    if header.width * header.height > max_pixels:
        size = f'{header.width} x {header.height}'
        raise BadInput(f'{path} has {size} pixels, more than {max_pixels / 1e6:g} million (--max-pixels)')
    return header


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of the stored pixels; of a TIFF, Pillow's ``size`` is already turned by the orientation."""
    if image.format == 'TIFF':
        return tuple(image.tag_v2[tag] for tag in (ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength))
    return image.size
