"""What a picture file says of itself before it is decoded: nothing is unpacked, whatever the file claims."""

import io
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image

from ..distribution import install_extra
from .endings import IMAGE_ENDINGS
from .errors import BadInput
from .jpeg import read_jpeg_header
from .limits import MAX_PIXELS_OF_SETS
from .orientation import UPRIGHT, exif_orientation
from .png import SIGNATURE as PNG_SIGNATURE
from .png import read_png_header
from .tiff import silence_libtiff, why_unread

# What Pillow reads; not, for instance, PostScript. Headers of JPEG and PNG are read by our own code, since Pillow
# stumbles over damage in what the pixels do not need.
silence_libtiff()
PILLOW_FORMATS = ('BMP', 'TIFF', 'WEBP', 'GIF', 'AVIF')
# Brands of HEIF that hold HEVC, as cameras write it.
_HEIF_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1')
_JPEG_XL_SIGNATURES = (b'\xff\x0a', b'\0\0\0\x0cJXL ')  # of bare data, and of a file
_JPEG_XL = 'JPEG XL, which is not read: save it as PNG'
HEIF_EXTRA = f'HEIC and HEIF need pillow-heif, the extra "heif": {install_extra("heif")}'

Source = str | Path | io.BytesIO


@dataclass(frozen=True)
class Header:
    """What an image file says of itself.

    Attributes:
        width: Columns of the stored pixels.
        height: Rows of the stored pixels.
        orientation: How a viewer turns them, 1 (not at all) to 8 as in EXIF.
        format: 'JPEG', 'PNG', 'HEIF' or one of :data:`PILLOW_FORMATS`.
        is_animated: Whether it has several frames or pages.
        is_plain: Whether it is a PNG with opaque pixels of 8 bits.
    """

    width: int
    height: int
    orientation: int
    format: str = field(default='', compare=False)
    is_animated: bool = field(default=False, compare=False)
    is_plain: bool = field(default=False, compare=False)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Height and width of the picture as a viewer shows it; orientations from 5 on are turned by a quarter."""
        return (self.width, self.height) if self.orientation >= 5 else (self.height, self.width)


def name_of(source: Source) -> str:
    """What errors call a source; the contents of a file in memory may have a ``name``, as open files do."""
    return str(getattr(source, 'name', 'the picture') if isinstance(source, io.BytesIO) else source)


def read_header(source: Source, max_pixels: int = MAX_PIXELS_OF_SETS) -> Header:
    """Read the header of a picture.

    Args:
        source: Path of a file, or the contents of one.
        max_pixels: Largest number of pixels.

    Raises:
        BadInput: If the file is no regular one, cannot be read, is no image, or has more than ``max_pixels`` pixels.
    """
    with open_file(source) as file:
        return parse_header(file, name_of(source), max_pixels)


@contextmanager
def open_file(source: Source) -> Iterator[BinaryIO]:
    """Open a source for reading; contents in memory are read from their start, wherever they stand.

    Raises:
        BadInput: If it is no regular file, is empty, or cannot be opened.
    """
    if isinstance(source, io.BytesIO):
        if not source.getbuffer().nbytes:
            raise BadInput(f'{name_of(source)} is empty')
        yield io.BytesIO(source.getvalue())
        return
    check_file(str(source))
    try:
        file = open(source, 'rb')  # noqa: SIM115  (closed below; the errors of the reader are not ours)
    except OSError as error:
        raise BadInput(f'{source}: {error.strerror or error}') from error
    with file:
        yield file


def check_file(path: str) -> None:
    """Raise a BadInput unless a path is a regular file with something in it."""
    if '://' in path:
        raise BadInput(f'{path} is an address: download it first')
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        raise BadInput(f'{path}: {reason}') from error
    if stat.S_ISDIR(status.st_mode):
        try:
            os.scandir(path).close()
        except OSError as error:
            raise BadInput(f'{path}: {error.strerror}') from error
        raise BadInput(f'{path} holds no image ({", ".join(sorted(IMAGE_ENDINGS))})')
    # A pipe or a device would block the reader.
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f'{path} is not a regular file')
    if status.st_size == 0:
        raise BadInput(f'{path} is empty')


def parse_header(file: BinaryIO, name: str, max_pixels: int) -> Header:
    """Read the header of an open file; arguments and errors as those of :func:`read_header`."""
    start = file.read(64)
    try:
        if start.startswith(b'\xff\xd8'):
            found = read_jpeg_header(file)
            header = Header(found.width, found.height, exif_orientation(found.exif), 'JPEG')
        elif start.startswith(PNG_SIGNATURE):
            found = read_png_header(file)
            orientation = exif_orientation(found.exif)
            header = Header(found.width, found.height, orientation, 'PNG', found.is_animated, found.is_plain)
        elif start[4:8] == b'ftyp' and start[8:12] in _HEIF_BRANDS and b'avif' not in start:
            header = _heif_header(file)
        else:
            header = _pillow_header(file)
    except Image.UnidentifiedImageError as error:
        reason = _JPEG_XL if start.startswith(_JPEG_XL_SIGNATURES) else why_unread(file)
        raise BadInput(f'{name} is {reason or "no image, or its header is damaged"}') from error
    # Parsers signal damage by many types of exceptions.
    except Exception as error:
        raise BadInput(f'Cannot read the header of {name}: {error}') from error
    pixels = header.width * header.height
    if not pixels:
        raise BadInput(f'{name} has no pixels')
    if pixels > max_pixels:
        size = f'{header.width} x {header.height}'
        raise BadInput(f'{name} has {size} pixels, more than {max_pixels / 1e6:g} million (--max-pixels)')
    return header


def open_heif(file: BinaryIO):
    """Open an HEIF file by pillow-heif; decoded when its pixels are asked for.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import pillow_heif
    except ModuleNotFoundError as error:
        raise ImportError(HEIF_EXTRA) from error
    file.seek(0)
    return pillow_heif.open_heif(file)


def open_by_pillow(file: BinaryIO, formats: Sequence[str] = PILLOW_FORMATS) -> Image.Image:
    """Open a file by Pillow; decoded when its pixels are asked for."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that the file is large, or odd: both are checked
        return Image.open(file, formats=formats)


def decode_by_pillow(file: BinaryIO, formats: Sequence[str] = PILLOW_FORMATS) -> Image.Image:
    """Read a file by Pillow.

    Raises:
        Exception: Of many types, if it is damaged.
    """
    image = open_by_pillow(file, formats)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of metadata
        try:
            image.load()
        except OSError as error:
            if str(error).startswith('decoder error'):  # and a number
                raise OSError('its pixels are damaged') from error
            raise
    return image


def _heif_header(file: BinaryIO) -> Header:
    width, height = open_heif(file).size
    return Header(width, height, UPRIGHT, 'HEIF')


def _pillow_header(file: BinaryIO) -> Header:
    image = open_by_pillow(file)
    (width, height), orientation = image.size, UPRIGHT
    if image.format == 'TIFF':
        # Pillow's size is already turned.
        width, height = (image.tag_v2[tag] for tag in (ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength))
        orientation = image.tag_v2.get(ExifTags.Base.Orientation, UPRIGHT)
    elif image.format == 'AVIF':
        # In these terms, Pillow tells the turns that the format has of its own.
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    orientation = int(orientation) if orientation in range(1, 9) else UPRIGHT
    return Header(width, height, orientation, image.format, getattr(image, 'is_animated', False))
