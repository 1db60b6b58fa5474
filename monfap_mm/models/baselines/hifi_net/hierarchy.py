"""Hierarchical classification: four branches from coarse to fine, each weighted by the one before."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.utils import OptConfigType
from torch import Tensor, nn


class ClassBranch(BaseModule):
    """Two convolutions, the mean over the pixels, a norm and a linear layer.

    Args:
        in_channels: Channels of the features.
        num_classes: Number of classes.
        norm_cfg: Norm of the mean. Default: None, which is BN; it in training needs two images a device.
    """

    def __init__(self, in_channels: int, num_classes: int, norm_cfg: OptConfigType = None) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(in_channels, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 18, 3, padding=1), nn.ReLU()
        )
        self.norm = build_norm_layer(norm_cfg or dict(type='BN'), 18)[1]
        self.classifier = nn.Linear(18, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(B, num_classes)`` of features ``(B, C, H, W)``."""
        return self.classifier(self.norm(self.convs(x).mean(dim=(2, 3), keepdim=True)).flatten(1))


def weight_by_parents(levels: Sequence[Tensor], parents: Sequence[Tensor]) -> list[Tensor]:
    """Multiply the logits of each level with ``1 + P(parent)``.

    P of a level is the softmax over its positive logits, taken before they are weighted; even, where none is positive.

    Args:
        levels: Logits ``(B, n_i)``, the coarsest level first.
        parents: For all levels but the first, the class of the level before that each class belongs to, ``(n_i,)``.

    Returns:
        Logits ``(B, n_i)`` in fp32 or better; the first level is unchanged.
    """
    weighted = [levels[0].float()]
    for coarse, fine, parent in zip(levels[:-1], levels[1:], parents):
        coarse, fine = coarse.float(), fine.float()
        share = coarse.masked_fill(coarse <= 0, torch.finfo(coarse.dtype).min).softmax(dim=1)
        weighted.append(fine * (1 + share[:, parent]))
    return weighted
