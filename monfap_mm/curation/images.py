"""Reading source images without trusting them, and writing files so that none is ever seen half finished."""

import io
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from monfap_mm.datasets.transforms.image_io import decode_image, read_image, read_mask

from .errors import BadInput, CurationError

MAX_PIXELS = 64_000_000
LINKS = ('copy', 'hard', 'symlink')
PARTIAL = '.partial'
# Formats that are decoded in this process by well-tested libraries; not, for instance, PostScript.
_FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'GIF')
_UPRIGHT = 1


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
                header = Header(*_stored_size(image), image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT))
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


def read_source(source: str | Path | io.BytesIO, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a source image as a viewer shows it, see :func:`read_image`; its size is checked before it is decoded.

    Args:
        source: Path of a file, or the contents of one.
        max_pixels: Largest number of pixels.

    Returns:
        Array (H, W, 3), uint8, BGR.

    Raises:
        BadInput: If the file cannot be read, is broken, or has too many pixels.
    """
    read_header(source, max_pixels)
    if isinstance(source, io.BytesIO):
        return _as_bad_input(decode_image, source.getvalue(), name_of(source))
    return _as_bad_input(read_image, str(source))


def read_source_mask(path: str | Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a source mask as grey values (H, W), uint8, see :func:`read_mask`; otherwise like :func:`read_source`."""
    read_header(path, max_pixels)
    return _as_bad_input(read_mask, str(path))


def _as_bad_input(read, *arguments) -> np.ndarray:
    try:
        return read(*arguments)
    except OSError as error:
        raise BadInput(str(error)) from error


def as_shown(mask: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a mask of an image's stored pixels as a viewer turns the image.

    Args:
        mask: Array (H, W), uint8.
        orientation: EXIF orientation of the image, 1 to 8.

    Returns:
        Array (H, W) or (W, H), uint8.
    """
    if orientation == _UPRIGHT:
        return mask
    image = Image.fromarray(mask)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return np.array(ImageOps.exif_transpose(image))


def write_file(dst: Path, name: str, content: bytes) -> None:
    """Write a file under a temporary name, then rename it.

    Args:
        dst: Folder of the set.
        name: Path below ``dst``, separated by slashes; missing folders are made.
        content: The bytes.

    Raises:
        CurationError: If it cannot be written (no space, no permission).
    """
    _place(dst, name, lambda temporary: temporary.write_bytes(content))


def write_mask(dst: Path, name: str, mask: np.ndarray) -> None:
    """Write a mask as 8-bit PNG of 0 and 255, see :func:`write_file`.

    Args:
        dst: Folder of the set.
        name: Path below ``dst``.
        mask: Array (H, W), any type; what is not zero is fake.
    """
    write_file(dst, name, cv2.imencode('.png', np.where(mask, 255, 0).astype(np.uint8))[1].tobytes())


def place_image(source: Path, dst: Path, name: str, link: str = 'copy') -> None:
    """Give the set an image, with exactly the bytes of its source.

    Args:
        source: The source file, from :func:`safe_join`.
        dst: Folder of the set.
        name: Path below ``dst``.
        link: ``'copy'``; ``'hard'`` or ``'symlink'`` take no space, but change or break with the source.

    Raises:
        CurationError: If it cannot be written.
    """
    make = {'copy': shutil.copyfile, 'hard': os.link, 'symlink': os.symlink}[link]
    _place(dst, name, lambda temporary: make(source.resolve(), temporary))


def _place(dst: Path, name: str, make) -> None:
    """One process writes one file at a time: its number is name enough. The job removes the folder of left-overs."""
    path, temporary = dst / name, dst / PARTIAL / str(os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.parent.mkdir(exist_ok=True)
        temporary.unlink(missing_ok=True)
        make(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise CurationError(f'Cannot write {path}: {error.strerror or error}') from error
