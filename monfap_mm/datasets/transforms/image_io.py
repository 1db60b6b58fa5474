"""Files to arrays: images as a viewer shows them, masks as zeros and ones."""

import io

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

# How complete files end. OpenCV fills up what is missing with grey, without a word; Pillow raises.
_FILE_ENDS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
_DEEP_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N')


def read_image(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read an image as a viewer shows it.

    Grayscale, palette, alpha, 16-bit and CMYK images become 8-bit colour images. Transparent pixels are laid over
    white, 16-bit values lose their low byte, and an EXIF orientation is applied. Colour profiles are not applied.

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
    """Read a mask of manipulated pixels: values above 127 are fake.

    Args:
        path: Path of the mask: 8-bit grayscale; colours are reduced to their luma.
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
        upright = _to_8_bit(ImageOps.exif_transpose(image))
        if upright.has_transparency_data and upright.convert('RGBA').getextrema()[3][0] < 255:
            raise ValueError('it has transparent pixels; save it as 8-bit grayscale without alpha')
        return np.array(upright.convert('L'))


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Reduce 16-bit grayscale to its high byte, as Pillow and OpenCV do with 16-bit colour."""
    if image.mode == 'F':
        raise ValueError('images of floating point values are not supported')
    if image.mode not in _DEEP_MODES:
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError('grayscale values must lie in 0..65535')
    return Image.fromarray((values >> 8).astype(np.uint8))
