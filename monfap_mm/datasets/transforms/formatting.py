"""Pack a sample for the model."""

from collections.abc import Sequence

import torch
from mmengine.structures import LabelData
from mmseg.datasets import PackSegInputs
from mmseg.registry import TRANSFORMS

from ...media.masks import FAKE, says_nothing

META_KEYS = (
    'img_path',
    'seg_map_path',
    'mask_values',
    'ori_shape',
    'img_shape',
    'pad_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'reduce_zero_label',
    'sample_idx',
    'padding_size',
    'orientation',
    'note',
)


@TRANSFORMS.register_module()
class PackForgeryInputs(PackSegInputs):
    """Pack an image, its mask and its label: mmseg's ``PackSegInputs`` with ``gt_label`` and ``sample_idx``.

    Args:
        meta_keys: Keys that go to the meta information of the data sample.
        relabel_after_crop: Whether a fake image of which no manipulated pixel is left, since a crop took other
            parts, counts as real. A crop shows in an image that is smaller than ``scale_factor`` makes ``ori_shape``;
            whatever else emptied the mask, the image stays fake, and so does one whose mask is not known. The label
            never changes from real to fake. Default: True.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS, relabel_after_crop: bool = True):
        super().__init__(meta_keys=meta_keys)
        self.relabel_after_crop = relabel_after_crop

    def transform(self, results: dict) -> dict:
        """Pack the sample.

        Returns:
            ``inputs``, the image (3, H, W), and ``data_samples``, a ``SegDataSample`` with ``gt_sem_seg``
            (1, H, W) and ``gt_label`` (1,), as far as the sample has them.
        """
        packed = super().transform(results)
        if 'gt_label' in results:
            packed['data_samples'].gt_label = LabelData(label=torch.tensor([self._label(results)]))
        return packed

    def _label(self, results: dict) -> int:
        mask = results.get('gt_seg_map')
        is_known = mask is not None and not says_nothing(mask)
        if self.relabel_after_crop and is_known and not (mask == FAKE).any() and _is_cropped(results):
            return 0
        return results['gt_label']

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys}, relabel_after_crop={self.relabel_after_crop})'


def _is_cropped(results: dict) -> bool:
    """Whether the image lacks a part of the original; one whose original size is not known may."""
    if 'ori_shape' not in results:
        return True
    factors = reversed(results.get('scale_factor', (1.0, 1.0)))  # of width and height
    whole = [round(side * factor) for side, factor in zip(results['ori_shape'], factors)]
    return any(side < of_whole for side, of_whole in zip(results['img'].shape, whole))
