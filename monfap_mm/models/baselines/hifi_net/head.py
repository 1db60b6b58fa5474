"""The head of HiFi-Net ("SegNet"): a mask branch and hierarchical classification."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor, nn

from ...layers.targets import image_labels, stack_masks
from .hierarchy import ClassBranch, weight_by_parents
from .losses import balanced_bce, class_loss, distance_loss
from .partial_convs import PartialConvs

LEVELS = 4


class HiFiOutput(NamedTuple):
    """What the head computes for a batch.

    Attributes:
        features: Mask features ``(B, 18, h, w)``.
        mask_logits: Logit of P(fake), ``(B, 1, h, w)``.
        levels: Class logits ``(B, n_i)``, the coarsest level first, each weighted by the one before; fp32.
    """

    features: Tensor
    mask_logits: Tensor
    levels: list[Tensor]


@MODELS.register_module()
class HiFiHead(BaseModule):
    """Mask and four levels of classes, of which class 0 is 'real' everywhere.

    Args:
        in_channels: Channels of the four levels of features.
        mask_branch: A :class:`HiFiMaskBranch` (full model) or :class:`HiFiFPNMaskBranch` (localization variant);
            it gets ``in_channels``.
        num_classes: Classes of the levels, from coarse to fine. Default: real and fake four times, the reading for
            data with binary labels. The published networks have 3, 5, 7 and 14.
        parents: For the second to the fourth level, the class of the level before that each class belongs to.
            Default: None, the class of the same index.
        fake_path: Class of a fake image in each level. Default: (1, 1, 1, 1).
        coarse_on_fakes_only: Whether the three coarser levels learn from fake images only, as published. With binary
            labels they then learn a constant. Default: False.
        train_partial_convs: See :class:`PartialConvs`. Default: True; False as published.
        distance_map: Whether the mask features are trained to lie near a center where real and away from it where
            fake. The center and radius are buffers that :class:`HiFiCenterHook` fills before training.
            Default: False, then the balanced cross-entropy of the mask stands in the place of that loss.
        map_weight, mask_weight, coarse_weight, fine_weight: Weights of the loss of the map, of the balanced
            cross-entropy of the mask, of each of the three coarser levels and of the finest one. Defaults: 100, 1, 1,
            100, the authors' mode 'full'; their mode 'local' has 1, 0, 1e-5, 1e-5.
        norm_cfg: Norm of the class branches. Default: None, which is BN.
        ignore_index: Label of pixels that do not count. Default: 255.

    Raises:
        ValueError: If the classes, parents and the path do not fit together.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        mask_branch: ConfigType,
        num_classes: Sequence[int] = (2, 2, 2, 2),
        parents: Sequence[Sequence[int]] | None = None,
        fake_path: Sequence[int] = (1, 1, 1, 1),
        coarse_on_fakes_only: bool = False,
        train_partial_convs: bool = True,
        distance_map: bool = False,
        map_weight: float = 100.0,
        mask_weight: float = 1.0,
        coarse_weight: float = 1.0,
        fine_weight: float = 100.0,
        norm_cfg: OptConfigType = None,
        ignore_index: int = 255,
    ) -> None:
        super().__init__()
        if parents is None:
            parents = [range(count) for count in num_classes[1:]]
        _check(num_classes, parents, fake_path)
        self.coarse_on_fakes_only = coarse_on_fakes_only
        self.map_weight, self.mask_weight = map_weight, mask_weight
        self.coarse_weight, self.fine_weight = coarse_weight, fine_weight
        self.ignore_index = ignore_index
        self.mask_branch = MODELS.build(dict(mask_branch, in_channels=in_channels))
        self.partial_convs = PartialConvs(train_partial_convs)
        # Each level adds the features of the next finer one; the finest, the map of the partial convolutions.
        widths = torch.tensor([*in_channels[:0:-1], self.mask_branch.fine_channels + 1]).cumsum(0).tolist()
        self.classes = nn.ModuleList(map(ClassBranch, widths, num_classes, [norm_cfg] * LEVELS))
        for i, parent in enumerate(parents):
            self.register_buffer(f'parents_{i}', torch.tensor(parent), persistent=False)
        self.register_buffer('fake_path', torch.tensor(fake_path), persistent=False)
        self.distance_map = distance_map
        if distance_map:
            self.register_buffer('center', torch.zeros(self.mask_branch.feature_channels))
            self.register_buffer('radius', torch.zeros(()))

    def forward(self, feats: Sequence[Tensor], images: Tensor) -> HiFiOutput:
        """Mask and classes of features ``(B, C_i, H / 2^i, W / 2^i)`` and images ``(B, 3, H, W)`` in [0, 1]."""
        feats, images, features, mask_logits = self.mask_branch(feats, images)
        extra = self.partial_convs(images, mask_logits.sigmoid())
        levels, x = [], feats[-1]
        for i, branch in enumerate(self.classes):
            if i > 0:
                x = torch.cat([_enlarge(x, feats[-1 - i]), feats[-1 - i]], dim=1)
            if i == LEVELS - 1:
                x = torch.cat([x, _enlarge(extra, x).to(x.dtype)], dim=1)
            levels.append(branch(x))
        parents = [getattr(self, f'parents_{i}') for i in range(LEVELS - 1)]
        return HiFiOutput(features, mask_logits, weight_by_parents(levels, parents))

    def loss(self, feats: Sequence[Tensor], images: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """``loss_map``, ``loss_mask`` and ``loss_class_0`` to ``loss_class_3``, from coarse to fine."""
        output = self(feats, images)
        masks = stack_masks(data_samples)[:, None]
        labels = image_labels(data_samples, masks)
        mask_logits = resize(output.mask_logits, size=masks.shape[2:], mode='bilinear', align_corners=False)
        loss_mask = loss_map = balanced_bce(mask_logits[:, 0], masks[:, 0], self.ignore_index)
        if self.distance_map:
            small = F.interpolate(masks.float(), size=output.features.shape[2:], mode='nearest')[:, 0]
            loss_map = sum(distance_loss(output.features, small, self.center, self.radius, self.ignore_index))
        losses = dict(loss_map=self.map_weight * loss_map, loss_mask=self.mask_weight * loss_mask)
        for i, logits in enumerate(output.levels):
            is_fine = i == LEVELS - 1
            counts = labels == 1 if self.coarse_on_fakes_only and not is_fine else None
            loss = class_loss(logits, labels * self.fake_path[i], counts)
            losses[f'loss_class_{i}'] = (self.fine_weight if is_fine else self.coarse_weight) * loss
        return losses


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return resize(x, size=like.shape[2:], mode='bilinear', align_corners=True, warning=False)


def _check(num_classes: Sequence[int], parents: Sequence[Sequence[int]], fake_path: Sequence[int]) -> None:
    if len(num_classes) != LEVELS or len(parents) != LEVELS - 1 or len(fake_path) != LEVELS:
        raise ValueError(
            f'HiFiHead has {LEVELS} levels of classes: num_classes and fake_path have one entry for each, parents one '
            f'for each but the first, but got num_classes={num_classes}, parents={parents}, fake_path={fake_path}.'
        )
    for coarse, fine, parent in zip(num_classes[:-1], num_classes[1:], parents):
        if len(parent) != fine or not all(0 <= index < coarse for index in parent):
            raise ValueError(
                f'parents of a level with {fine} classes below one with {coarse} must be {fine} numbers from 0 to '
                f'{coarse - 1}, but got {list(parent)}.'
            )
    if not all(0 < index < count for index, count in zip(fake_path, num_classes)):
        raise ValueError(f'fake_path must name a class that is not 0 (real) in each level, but got {fake_path}.')
