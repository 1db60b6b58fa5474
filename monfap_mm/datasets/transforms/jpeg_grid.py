"""JPEG files with their coefficients: loading, crops and flips on the grid of 8x8 blocks."""

import io

import numpy as np
from mmcv.transforms import BaseTransform, RandomFlip
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ...media.headers import name_of
from ...media.jpeg import decode_jpeg, read_jpeg_header
from ...media.jpeg_coefficients import START, JpegCoefficients, compress_anew, read_coefficients
from ...media.jpeg_grid import BLOCK, cut, mirrored, to_grid
from ...media.masks import UNKNOWN
from ...media.orientation import UPRIGHT, as_shown, as_stored, exif_orientation

COMPRESSED_ANEW = 'the JPEG coefficients are not of the file but of a copy (quality 100), since {}'
NO_JPEG, NO_LUMA, CHANGED = 'it is no JPEG', 'it has no luma', 'its pixels were changed'


@TRANSFORMS.register_module()
class LoadJpegGrid(BaseTransform):
    """Put the quantized coefficients of the file beside the pixels, see :mod:`monfap_mm.media.jpeg_grid`.

    If the pixels are those of a JPEG file, its coefficients are read from the file, nothing is compressed again, and
    the picture goes on as it is *stored*: coefficients are never turned, so where EXIF turns the picture, pixels and
    mask are turned back, and the answer is turned as the picture is shown. Else (no JPEG; CMYK or RGB, which have no
    luma; an earlier transform has changed the pixels, such as Resize) the picture is compressed in memory at quality
    100 without subsampling, and pixels and coefficients are of that copy.

    In testing, ``LoadForgeryAnnotations`` and ``FreezeMask`` come before, so that the mask stays as it is.

    Required Keys:

    - img: (H, W, 3), uint8, BGR, as shown
    - img_path
    - img_file: path or contents of the file, None if there is none (optional: by default, img_path)

    Modified Keys:

    - img: (8 * ceil(H / 8), 8 * ceil(W / 8), 5), int32
    - img_shape; ori_shape, as stored
    - padding_size: (left, right, top, bottom) of what the grid has beyond the picture
    - orientation: how the answer is to be turned, 1 to 8 as in EXIF
    - note: what the reader of an answer should know
    - the maps in seg_fields: of the same size, 255 beyond the picture

    Args:
        backend_args: Arguments of mmengine's file backend. Defaults to None.
    """

    def __init__(self, backend_args: dict | None = None):
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load.

        Raises:
            BadInput: If the coefficients of a JPEG file cannot be read.
            ImportError: If jpeglib is not installed.
        """
        image = results['img']
        data, name = self._file(results)
        pixels, orientation, coefficients = None, UPRIGHT, None
        if not data.startswith(START):
            reason = NO_JPEG
        else:
            pixels, orientation = _decode(data)
            if not np.array_equal(as_shown(pixels, orientation), image):
                # Four channels are CMYK, and image is what they look like.
                reason = CHANGED if pixels.shape[2] == 3 else NO_LUMA
            else:
                coefficients, reason = read_coefficients(data, name), NO_LUMA
        if coefficients is None:
            (pixels, coefficients), orientation = compress_anew(image), UPRIGHT
            results['note'] = COMPRESSED_ANEW.format(reason)
        self._put(results, pixels, orientation, coefficients)
        return results

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the grid of an upright picture; they change places where EXIF turns it by a quarter."""
        height, width = (-(-length // BLOCK) * BLOCK for length in size)
        return height, width

    def _file(self, results: dict) -> tuple[bytes, str]:
        """Contents and name of the file; no contents if there is no file."""
        source = results.get('img_file', results['img_path'])
        if source is None:
            return b'', 'the picture'
        if isinstance(source, io.BytesIO):
            return source.getvalue(), name_of(source)
        return fileio.get(source, backend_args=self.backend_args), str(source)

    @staticmethod
    def _put(results: dict, pixels: np.ndarray, orientation: int, coefficients: JpegCoefficients) -> None:
        grid = to_grid(pixels, *coefficients)
        stored, padded = pixels.shape[:2], grid.shape[:2]
        bottom, right = (whole - part for whole, part in zip(padded, stored))
        for key in results.get('seg_fields', []):
            mask = as_stored(results[key], orientation)
            results[key] = np.pad(mask, ((0, bottom), (0, right)), constant_values=UNKNOWN)
        if orientation != UPRIGHT:
            results['ori_shape'] = stored
        results.update(
            img=grid, img_shape=padded, pad_shape=padded, padding_size=(0, right, 0, bottom), orientation=orientation
        )

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


def _decode(data: bytes) -> tuple[np.ndarray, int]:
    """Stored pixels, and how a viewer turns them."""
    return decode_jpeg(data)[0], exif_orientation(read_jpeg_header(io.BytesIO(data)).exif)


@TRANSFORMS.register_module()
class GridCrop(BaseTransform):
    """Cut a part of one size that begins on the grid of 8x8 blocks, all places alike; pads a smaller picture.

    Modified Keys:

    - img: as :class:`LoadJpegGrid` makes it; -1 for pixels and 0 for coefficients beyond the picture
    - img_shape, pad_shape
    - the maps in seg_fields: 255 beyond the picture

    Args:
        crop_size: Height and width, multiples of 8.

    Raises:
        ValueError: If they are not.
    """

    def __init__(self, crop_size: tuple[int, int]):
        if any(length <= 0 or length % BLOCK for length in crop_size):
            raise ValueError(f'crop_size must be multiples of {BLOCK}, the size of JPEG blocks, got {crop_size}')
        self.crop_size = tuple(crop_size)

    def transform(self, results: dict) -> dict:
        """Cut."""
        grid, (height, width) = results['img'], self.crop_size
        spare = (max(whole - part, 0) for whole, part in zip(grid.shape, self.crop_size))
        top, left = (BLOCK * np.random.randint(length // BLOCK + 1) for length in spare)
        results['img'] = cut(grid, top, left, height, width)
        for key in results.get('seg_fields', []):
            part = results[key][top : top + height, left : left + width]
            missing = [(0, length - of_part) for length, of_part in zip(self.crop_size, part.shape)]
            results[key] = np.pad(part, missing, constant_values=UNKNOWN)
        results['img_shape'] = results['pad_shape'] = self.crop_size
        results.pop('padding_size', None)  # of a part, nobody asks where the picture ends
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(crop_size={self.crop_size})'


@TRANSFORMS.register_module()
class GridFlip(RandomFlip):
    """mmcv's ``RandomFlip`` for what :class:`LoadJpegGrid` makes: blocks change places, and are mirrored inside.

    Args:
        *args, **kwargs: Arguments of mmcv's ``RandomFlip``; the direction is 'horizontal' or 'vertical'.
    """

    def _flip(self, results: dict) -> None:
        axis = ('vertical', 'horizontal').index(results['flip_direction'])
        results['img'] = mirrored(results['img'], axis)
        for key in results.get('seg_fields', []):
            results[key] = np.flip(results[key], axis).copy()
        if 'padding_size' in results:
            left, right, top, bottom = results['padding_size']
            results['padding_size'] = (right, left, top, bottom) if axis else (left, right, bottom, top)
