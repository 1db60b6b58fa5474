"""Files to arrays: images as a viewer shows them, masks as zeros and ones."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from .errors import BadInput
from .headers import MAX_PIXELS, UPRIGHT, name_of, read_header

# How complete files end. OpenCV fills up what is missing with grey, without a word; Pillow raises.
_FILE_ENDS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
_DEEP_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N')


def read_image(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read an image as a viewer shows it.

    Grayscale, palette, alpha, 16-bit and CMYK images become 8-bit color images. Transparent pixels are laid over
    white, 16-bit values lose their low byte, and an EXIF orientation is applied. Color profiles are not applied.

    Args:
        path: Path of the image.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Array (H, W, 3), uint8, BGR.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file is no image, is truncated, or has floating point values.
    """
    return decode_image(_read(path, backend_args), path)


def decode_image(data: bytes, name: str) -> np.ndarray:
    """Decode the contents of an image file, see :func:`read_image`.

    Args:
        data: The contents.
        name: What errors call it.

    Returns:
        Array (H, W, 3), uint8, BGR.

    Raises:
        OSError: If they are no image, are truncated, or have floating point values.
    """
    return _explain('image', name, _decode_image, data)


def read_mask(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read the grey values of a mask; :mod:`monfap_mm.media.masks` tells which of them are fake.

    Colors are reduced to their luma, 16-bit values to their high byte. What is not black never becomes 0.

    Args:
        path: Path of the mask.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Array (H, W), uint8, 0 to 255: the grey values.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the file is no image, is truncated, or has transparent pixels.
    """
    return _explain('mask', path, _decode_mask, _read(path, backend_args))


def _read(path: str, backend_args: dict | None) -> bytes:
    if backend_args is None and '://' not in path:
        with open(path, 'rb') as file:
            return file.read()
    from mmengine import fileio  # the light distribution reads plain files only

    return fileio.get(path, backend_args=backend_args)


def _explain(kind: str, path: str, decode, data: bytes) -> np.ndarray:
    try:
        return decode(data)
    except Image.UnidentifiedImageError as error:
        reason = 'the file is empty' if not data else 'the file is no image, or its header is damaged'
        raise OSError(f'Cannot read the {kind} {path}: {reason}') from error
    # Pillow's decoders signal damage by many types of exceptions.
    except Exception as error:
        raise OSError(f'Cannot read the {kind} {path}: {error}') from error


def _decode_image(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        if _is_ordinary(image, data):
            array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
            if array is not None:
                return array
        upright = _to_8_bit(ImageOps.exif_transpose(image))
        if upright.has_transparency_data:
            upright = upright.convert('RGBA')
            white = Image.new('RGBA', upright.size, 'white')
            upright = Image.alpha_composite(white, upright)
        return np.ascontiguousarray(np.asarray(upright.convert('RGB'))[..., ::-1])


def _is_ordinary(image: Image.Image, data: bytes) -> bool:
    """Whether OpenCV, which is faster, decodes the image as Pillow would: whole, upright, 8 bit, opaque."""
    return (
        image.mode in ('L', 'RGB')
        and data.endswith(_FILE_ENDS.get(image.format, b'never'))
        and not image.has_transparency_data
        and image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    )


def _decode_mask(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
        gray = _to_8_bit(upright)
        if gray.has_transparency_data and gray.convert('RGBA').getextrema()[3][0] < 255:
            raise ValueError('it has transparent pixels; save it as 8-bit grayscale without alpha')
        # The high byte of a small value is 0, and so is the luma of a dark blue.
        return np.maximum(np.asarray(gray.convert('L')), _is_marked(upright))


def _is_marked(image: Image.Image) -> np.ndarray:
    """Where an image is not black, (H, W), bool."""
    if image.mode in ('L', '1', *_DEEP_MODES):
        return np.asarray(image) > 0
    return np.asarray(image.convert('RGB')).any(axis=-1)


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Reduce 16-bit grayscale to its high byte, as Pillow and OpenCV do with 16-bit color."""
    if image.mode == 'F':
        raise ValueError('images of floating point values are not supported')
    if image.mode not in _DEEP_MODES:
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError('grayscale values must lie in 0..65535')
    return Image.fromarray((values >> 8).astype(np.uint8))


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
    if orientation == UPRIGHT:
        return mask
    image = Image.fromarray(mask)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return np.array(ImageOps.exif_transpose(image))
