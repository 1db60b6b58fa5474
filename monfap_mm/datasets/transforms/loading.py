"""Load images, labels and masks."""

import io
from collections.abc import Callable

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ...media.errors import BadInput
from ...media.headers import Source
from ...media.images import read_image, read_mask
from ...media.masks import DEFAULT_MASK_VALUES, REAL, UNKNOWN, check_mask_values, fake_pixels, second_level


@TRANSFORMS.register_module()
class LoadForgeryImage(BaseTransform):
    """Load an image as a viewer shows it: see :func:`read_picture`.

    Required Keys:

    - img_path

    Modified Keys:

    - img: array (H, W, 3), uint8, BGR
    - img_shape, ori_shape: (H, W)

    Args:
        backend_args: Arguments of mmengine's file backend. Default: None.
    """

    def __init__(self, backend_args: dict | None = None):
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']``.

        Raises:
            OSError: If the file cannot be read; the message names it.
        """
        image = load_image(results['img_path'], self.backend_args)
        results['img'] = image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


@TRANSFORMS.register_module()
class LoadForgeryAnnotations(BaseTransform):
    """Load the mask of manipulated pixels at the image's original size.

    Placed before geometric transforms in training, so that they transform the mask too, and after them in testing, so
    that predictions are scored at the original size. An image without a label (inference) is passed on unchanged.

    The mask is expected in the orientation in which a viewer shows the image: where EXIF turns the image, a mask for
    the stored, unturned pixels is an error if its size gives it away.

    Required Keys:

    - ori_shape: (H, W)
    - gt_label: 0 real, 1 fake (optional)
    - seg_map_path: None for an image without mask: all of it is real, or nothing is known of its pixels
    - mask_values: which of its values are fake (optional)

    Modified Keys:

    - gt_seg_map: array (H, W), uint8, 0 real, 1 fake, 255 unknown
    - seg_fields
    - mask_values: those that were used

    Args:
        backend_args: Arguments of mmengine's file backend. Default: None.
        mask_values: Which values of a mask are fake: ``'above_127'``, or ``'nonzero'`` for masks of 0
            and 1 or of dark colors. Default: None: as the sample says (``ForgeryDataset(mask_values=...)``), else
            ``'above_127'``.
    """

    def __init__(self, backend_args: dict | None = None, mask_values: str | None = None):
        self.backend_args = backend_args
        self.mask_values = None if mask_values is None else check_mask_values(mask_values)

    def transform(self, results: dict) -> dict:
        """Load ``results['seg_map_path']``.

        Raises:
            OSError: If the mask cannot be read.
            ValueError: If it has another size than the image; contradicts the label: real with manipulated pixels, or
                fake without; or has areas of a value that is neither black nor fake.
        """
        if 'gt_label' not in results:
            return results
        if results['seg_map_path'] is None:
            mask = np.full(results['ori_shape'], UNKNOWN if results['gt_label'] else REAL, np.uint8)
        else:
            mask = self._load_mask(results)
        results['gt_seg_map'] = mask
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def _load_mask(self, results: dict) -> np.ndarray:
        image_path, mask_path = results['img_path'], results['seg_map_path']
        values = load_mask(mask_path, self.backend_args)
        height, width = results['ori_shape']
        if values.shape != (height, width):
            hint = ''
            if values.shape == (width, height):
                hint = '. If EXIF turns the image, turn the mask too: it must fit the image as a viewer shows it'
            raise ValueError(
                f'The mask {mask_path} has {values.shape[1]}x{values.shape[0]} pixels, '
                f'its image {image_path} has {width}x{height}{hint}'
            )
        results['mask_values'] = mask_values = self.mask_values or results.get('mask_values') or DEFAULT_MASK_VALUES
        mask = fake_pixels(values, mask_values)
        if results['gt_label'] == 0 and mask.any():
            raise ValueError(f'The image {image_path} is listed as real, but its mask {mask_path} is not empty')
        if results['gt_label'] == 1:
            _check_fake(values, mask_values, f'The image {image_path} is listed as fake, but its mask {mask_path}')
        return mask

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args}, mask_values={self.mask_values!r})'


def _check_fake(values: np.ndarray, mask_values: str, subject: str) -> None:
    """Check the gray values of a fake image's mask; ``subject`` begins the message."""
    if not fake_pixels(values, mask_values).any():
        if not values.any():
            raise ValueError(f'{subject} is empty: all of it is 0')
        raise ValueError(
            f'{subject} is empty: values above 127 are fake, and its largest is {values.max()}. If all that is not 0 '
            "is meant, set mask_values='nonzero' in the dataset"
        )
    level = second_level(values, mask_values)
    if level is not None:
        raise ValueError(
            f'{subject} has areas of the value {level} beside the fake ones, and values above 127 are fake. If these '
            "areas are fake too, set mask_values='nonzero' in the dataset; if not, make them 0"
        )


def load_image(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read an image (H, W, 3), uint8, BGR, through mmengine's file backend, see :func:`read_picture`.

    Raises:
        OSError: If it cannot be read; a FileNotFoundError if there is no such file.
    """
    return _load(read_image, path, backend_args)


def load_mask(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a mask (H, W), uint8, through mmengine's file backend, see :func:`read_mask`; errors as above."""
    return _load(read_mask, path, backend_args)


def _load(read: Callable[[Source], np.ndarray], path: str, backend_args: dict | None) -> np.ndarray:
    source: Source = path
    if backend_args is not None or '://' in path:
        source = io.BytesIO(fileio.get(path, backend_args=backend_args))
        source.name = path
    try:
        return read(source)
    except BadInput as error:
        is_missing = isinstance(error.__cause__, FileNotFoundError)
        raise (FileNotFoundError if is_missing else OSError)(str(error)) from error
