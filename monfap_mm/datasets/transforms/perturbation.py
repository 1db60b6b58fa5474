"""Perturb images in a test pipeline."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ...media.masks import UNKNOWN, says_nothing
from ..perturbations import Perturber


@TRANSFORMS.register_module()
class Perturb(BaseTransform):
    """Apply a random combination of perturbations, the same for the same picture: see :class:`Perturber`.

    Its place is right after ``LoadForgeryImage`` and ``LoadForgeryAnnotations``, so that it works on the image at its
    original size, and moves the mask with it. In testing, ``FreezeMask`` comes next.

    Needs albumentations, the extra ``perturb``.

    Required Keys:

    - img: array (H, W, 3), uint8, BGR
    - gt_seg_map (if there is a gt_label)
    - face_boxes (optional): only with perturbations that leave the mask where it is, since boxes are not moved

    Modified Keys:

    - img
    - gt_seg_map
    - perturbations (added): list of what was applied

    Args:
        families: Names of families (color, edge, corruption, convolution, external)
            or of single perturbations to draw from, or a table of one's own in the form of
            ``monfap_mm.datasets.perturbations.PERTURBATIONS``. Default: None: all.
        severity: Severity, 1 to 5 in the package's table, or its range; 0 leaves the image as
            it is. Default: (1, 5).
        num: How many families are combined, or its range. Default: (1, 3).
        seed: Another seed gives other perturbations. Default: 0.
    """

    def __init__(
        self,
        families: Mapping | Sequence[str] | None = None,
        severity: int | tuple[int, int] = (1, 5),
        num: int | tuple[int, int] = (1, 3),
        seed: int = 0,
    ):
        self.perturber = Perturber(families, severity, num, seed)

    def transform(self, results: dict) -> dict:
        """Perturb the image, and move the mask.

        Raises:
            ValueError: If the sample has a label, but its mask has not been loaded; if the image is not uint8; or if
                the mask moves away from ``face_boxes``.
        """
        if 'gt_label' in results and 'gt_seg_map' not in results:
            raise ValueError('Perturb moves the mask: put LoadForgeryAnnotations before it, and FreezeMask after it')
        old_mask = results.get('gt_seg_map')
        if old_mask is not None and says_nothing(old_mask):
            image, _, records = self.perturber(results['img'])
            mask = np.full(image.shape[:2], UNKNOWN, np.uint8)
        else:
            image, mask, records = self.perturber(results['img'], old_mask)
        if 'face_boxes' in results and not np.array_equal(mask, old_mask):
            names = ', '.join(record['name'] for record in records)
            raise ValueError(
                f'Perturb has moved the mask of {results.get("img_path")} by {names}, but cannot move its face_boxes: '
                'choose families without perturbations that move pixels, or leave the boxes out'
            )
        results['img'] = image
        results['perturbations'] = records
        if mask is not None:
            results['gt_seg_map'] = mask
        return results

    def __repr__(self) -> str:
        drawn = self.perturber
        names = {family: [entry.name for entry in entries] for family, entries in drawn.table.items()}
        return f'{type(self).__name__}(families={names}, severity={drawn.severity}, num={drawn.num}, seed={drawn.seed})'


@TRANSFORMS.register_module()
class FreezeMask(BaseTransform):
    """Keep the mask as it is: later transforms, such as ``Resize``, leave it alone.

    For testing with a mask that had to be loaded early: predictions are scored at the mask's, the original, size.

    Modified Keys:

    - seg_fields: without gt_seg_map
    """

    def transform(self, results: dict) -> dict:
        """Take the mask from the list of maps that transforms change."""
        results['seg_fields'] = [field for field in results.get('seg_fields', []) if field != 'gt_seg_map']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
