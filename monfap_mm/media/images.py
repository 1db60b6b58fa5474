"""Files to arrays: pictures as a viewer shows them, masks as gray values.

One rule for damage: a picture of which all pixels are there is read, even if its end marker or its metadata is damaged;
a picture that lacks pixels, or has pixels that its own checks call wrong, is refused.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from PIL import Image

from .endings import is_video
from .errors import BadInput
from .folders import KINDS
from .headers import Header, Source, check_file, decode_by_pillow, name_of, open_file, open_heif, parse_header
from .jpeg import decode_jpeg
from .limits import MAX_PIXELS_OF_ANSWERS, MAX_PIXELS_OF_LISTS
from .orientation import as_shown
from .png import check_rows, only_pixels
from .tiff import FLOATS

_DEEP_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N')
SEVERAL_FRAMES = 'the file holds several frames: the answer is for the first one'
NEARLY_BLACK = 'the values fill only the lower 12 of 16 bits, so the picture is nearly black: scale them to 16 bits'


class Picture(NamedTuple):
    """A picture as a viewer shows it.

    Attributes:
        image: (H, W, 3), uint8, BGR.
        note: What the reader of an answer should know about it.
    """

    image: np.ndarray
    note: str | None = None


def read_picture(
    source: Source | np.ndarray,
    max_pixels: int = MAX_PIXELS_OF_ANSWERS,
    check_size: Callable[[tuple[int, int]], None] | None = None,
) -> Picture:
    """Read a picture as a viewer shows it, see :mod:`.orientation`; its size is checked before it is decoded.

    Grayscale, palette, alpha, 16-bit and CMYK images become 8-bit color images. Transparent pixels are laid over
    white, and 16-bit values lose their low byte. Color profiles are not applied.

    Args:
        source: Path of a file; the contents of one, which may have a ``name`` as open files do; or an array (H, W, 3),
            uint8, BGR.
        max_pixels: Largest number of pixels.
        check_size: Called with height and width as shown before anything is decoded; may raise an error of its own.

    Returns:
        The picture.

    Raises:
        BadInput: If there is no such file, it cannot be read, is no image, is damaged, too large, or has floating point
            values; or the array is of another form.
    """
    if isinstance(source, np.ndarray):
        image = _check_array(source, max_pixels)
        if check_size is not None:
            check_size(image.shape[:2])
        return Picture(image)
    if not isinstance(source, (str, os.PathLike, io.BytesIO)):
        hint = ': take io.BytesIO(file.read()) for an open file' if isinstance(source, io.IOBase) else ''
        raise BadInput(f'a picture is {KINDS}, got {type(source).__name__}{hint}')
    if is_video(source):
        check_file(source)
        raise BadInput(f'{source} is a video: ask "monfap predict", or predict_video of monfap_mm.apis')
    with _opened(source, max_pixels, check_size) as (file, header):
        pixels, note = _decode(file, header)
        if isinstance(pixels, Image.Image):
            note = note or _note_on(pixels)
            pixels = _to_bgr(pixels)
        # Pillow turns a TIFF itself.
        image = pixels if header.format == 'TIFF' else as_shown(pixels, header.orientation)
    notes = (SEVERAL_FRAMES if header.is_animated else None, note)
    return Picture(image, '; '.join(filter(None, notes)) or None)


def read_image(source: Source, max_pixels: int = MAX_PIXELS_OF_LISTS) -> np.ndarray:
    """The image of :func:`read_picture`, without a note."""
    return read_picture(source, max_pixels).image


def read_mask(source: Source, max_pixels: int = MAX_PIXELS_OF_LISTS) -> np.ndarray:
    """Read the gray values of a mask; :mod:`monfap_mm.media.masks` tells which of them are fake.

    Colors are reduced to their luma, 16-bit values to their high byte. What is not black never becomes 0. The mask is
    turned as :func:`read_picture` turns an image.

    Args:
        source: Path of the mask, or its contents.
        max_pixels: Largest number of pixels.

    Returns:
        Array (H, W), uint8, 0 to 255: the gray values.

    Raises:
        BadInput: As :func:`read_picture`, and if it has transparent pixels.
    """
    with _opened(source, max_pixels) as (file, header):
        pixels, _ = _decode(file, header, for_mask=True)
        if isinstance(pixels, np.ndarray):
            pixels = Image.fromarray(pixels[..., ::-1])
        gray = _to_8_bit(pixels)
        if gray.has_transparency_data and gray.convert('RGBA').getextrema()[3][0] < 255:
            raise ValueError('it has transparent pixels; save it as 8-bit grayscale without alpha')
        # The high byte of a small value is 0, and so is the luma of a dark blue.
        mask = np.maximum(np.asarray(gray.convert('L')), _is_marked(pixels))
        return mask if header.format == 'TIFF' else as_shown(mask, header.orientation)


@contextmanager
def _opened(
    source: Source, max_pixels: int, check_size: Callable[[tuple[int, int]], None] | None = None
) -> Iterator[tuple[BinaryIO, Header]]:
    """An open file and its header; what is raised while it is decoded becomes a BadInput."""
    name = name_of(source)
    with open_file(source) as file:
        header = parse_header(file, name, max_pixels)
        if check_size is not None:
            check_size(header.shown_size)
        try:
            yield file, header
        # Decoders signal damage by many types of exceptions.
        except Exception as error:
            raise BadInput(f'Cannot read {name}: {error}') from error


def _check_array(image: np.ndarray, max_pixels: int) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise BadInput(f'an array must be (H, W, 3), uint8, BGR, but this one is {image.shape}, {image.dtype}')
    height, width = image.shape[:2]
    if height * width > max_pixels:
        raise BadInput(f'the array has {width} x {height} pixels, more than {max_pixels / 1e6:g} million (max_pixels)')
    return image


def _decode(file: BinaryIO, header: Header, for_mask: bool = False) -> tuple[np.ndarray | Image.Image, str | None]:
    """Stored pixels (a TIFF's are turned), BGR or as Pillow has them, and a note on slight damage."""
    file.seek(0)
    if header.format == 'JPEG':
        pixels, note = decode_jpeg(file.read())
        if pixels.shape[2] == 4:
            return Image.fromarray(255 - pixels, 'CMYK'), note  # cameras and editors write it inverted
        return pixels, note
    if header.format == 'PNG':
        return _decode_png(only_pixels(file.read()), header.is_plain and not for_mask), None
    if header.format == 'HEIF':
        return open_heif(file).to_pillow(), None
    return decode_by_pillow(file), None


def _decode_png(data: bytes, is_plain: bool) -> np.ndarray | Image.Image:
    if is_plain:
        # Faster than Pillow; None where it finds damage, of which Pillow tells more.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if pixels is not None:
            return pixels
    check_rows(data)
    return decode_by_pillow(io.BytesIO(data), ('PNG',))


def _to_bgr(image: Image.Image) -> np.ndarray:
    image = _to_8_bit(image)
    if image.has_transparency_data:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    return np.ascontiguousarray(np.asarray(image.convert('RGB'))[..., ::-1])


def _is_marked(image: Image.Image) -> np.ndarray:
    """Where an image is not black, (H, W), bool."""
    pixels = np.asarray(image if image.mode in ('L', '1', *_DEEP_MODES) else image.convert('RGB'))
    return np.any(np.atleast_3d(pixels) > 0, axis=-1)


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Reduce 16-bit grayscale to its high byte, as Pillow and OpenCV do with 16-bit color."""
    if image.mode == 'F':
        raise ValueError(f'it is {FLOATS}')
    if image.mode not in _DEEP_MODES:
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError('grayscale values must lie in 0..65535')
    return Image.fromarray((values >> 8).astype(np.uint8))


def _note_on(image: Image.Image) -> str | None:
    return NEARLY_BLACK if image.mode in _DEEP_MODES and image.getextrema()[1] < 1 << 12 else None
