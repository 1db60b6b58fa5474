"""The localization head of PSCC-Net: four masks, from coarse to fine."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from torch import Tensor

from .correlation import SpatioChannelCorrelation


class ProgressiveMaskHead(BaseModule):
    """Each mask weights the features of the next finer level.

    Args:
        in_channels: Channels of the levels, the finest first.
        reductions: Of each level, see :class:`SpatioChannelCorrelation`. Default: (4, 2, 2, 1).
        published_order: See :class:`SpatioChannelCorrelation`. Default: False.
    """

    def __init__(
        self, in_channels: Sequence[int], reductions: Sequence[int] = (4, 2, 2, 1), published_order: bool = False
    ) -> None:
        super().__init__()
        self.levels = ModuleList(
            SpatioChannelCorrelation(channels, reduction, published_order)
            for channels, reduction in zip(in_channels, reductions, strict=True)
        )

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """Mask logits ``(B, 1, H_i, W_i)`` of features ``(B, C_i, H_i, W_i)``, the finest first."""
        logits = []
        for level, feat in zip(reversed(self.levels), reversed(feats)):
            if logits:
                mask = logits[-1].sigmoid()
                feat = feat * F.interpolate(mask, size=feat.shape[2:], mode='bilinear', align_corners=True)
            logits.append(level(feat))
        return logits[::-1]
