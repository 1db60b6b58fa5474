"""The quantized DCT coefficients of the luma of a JPEG file, as they stand in the file."""

import io
from tempfile import NamedTemporaryFile
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..distribution import install_extra
from .errors import BadInput
from .jpeg import decode_jpeg

JPEG_EXTRA = f'JPEG coefficients need jpeglib, the extra "jpeg": {install_extra("jpeg")}'
START = b'\xff\xd8'
# Whose first component is the luma; CMYK and RGB have none.
_WITH_LUMA = ('JCS_YCbCr', 'JCS_GRAYSCALE')


class JpegCoefficients(NamedTuple):
    """Coefficients of the luma.

    Attributes:
        values: (8 * ceil(H / 8), 8 * ceil(W / 8)), int16: each block in natural order, DC at the top left.
        table: Quantization table (8, 8), natural order, as it stands in the file.
    """

    values: np.ndarray
    table: np.ndarray


def read_coefficients(data: bytes, name: str = 'the picture') -> JpegCoefficients | None:
    """Read the coefficients of a JPEG file; nothing is dequantized, turned or scaled.

    Args:
        data: Contents of the file.
        name: What errors call it.

    Returns:
        The coefficients; None if the file has no luma (CMYK, RGB).

    Raises:
        BadInput: If they cannot be read: the file is arithmetic-coded, of 12 bits, or damaged.
        ImportError: If jpeglib is not installed.
    """
    try:
        import jpeglib
    except ModuleNotFoundError as error:
        raise ImportError(JPEG_EXTRA) from error
    # jpeglib reads files only.
    with NamedTemporaryFile(suffix='.jpg') as file:
        file.write(data)
        file.flush()
        try:
            image = jpeglib.read_dct(file.name)
            if image.jpeg_color_space.name not in _WITH_LUMA:
                return None
            blocks, tables, numbers = image.Y, image.qt, image.quant_tbl_no
        except OSError as error:
            raise BadInput(
                f'The JPEG coefficients of {name} cannot be read: it is arithmetic-coded, of 12 bits, or damaged'
            ) from error
    rows, columns = blocks.shape[:2]
    values = blocks.transpose(0, 2, 1, 3).reshape(8 * rows, 8 * columns)
    return JpegCoefficients(values, tables[numbers[0]])


def compress_anew(image: np.ndarray) -> tuple[np.ndarray, JpegCoefficients]:
    """What the authors of CAT-Net do with pictures that are no JPEG: quality 100, no subsampling, a table of ones.

    Args:
        image: (H, W, 3), uint8, BGR.

    Returns:
        The pixels of the copy, and its coefficients.
    """
    file = io.BytesIO()
    Image.fromarray(image[..., ::-1]).save(file, 'JPEG', quality=100, subsampling=0)
    coefficients = read_coefficients(file.getvalue())
    assert coefficients is not None, 'a file of three channels has luma'
    return decode_jpeg(file.getvalue())[0], coefficients
