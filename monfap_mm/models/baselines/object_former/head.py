"""The mask of ObjectFormer."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class ObjectFormerHead(BaseModule):
    """Three convolutions between four enlargements, each to twice the size.

    Args:
        in_channels: Channels of the map, twice the encoder's width. Default: 1536.
        as_published: Whether there is no activation between the convolutions. Default: False, ReLU.
    """

    def __init__(self, in_channels: int = 1536, as_published: bool = False) -> None:
        super().__init__()
        self.as_published = as_published
        widths = in_channels, in_channels // 2, in_channels // 4, 1
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip(widths[:-1], widths[1:])
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits of P(fake) ``(B, 1, 16 h, 16 w)`` of a map ``(B, C, h, w)``."""
        x = _double(x)
        for i, conv in enumerate(self.convs):
            x = conv(x)
            if i < len(self.convs) - 1 and not self.as_published:
                x = x.relu()
            x = _double(x)
        return x


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
