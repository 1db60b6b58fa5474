"""The auxiliary localizer, whose coarse mask guides the masked attention."""

from mmcv.cnn import ConvModule
from mmengine.model import Sequential
from torch import nn


class CoarseLocalizer(Sequential):
    """(3x3 conv, norm, ReLU) twice and a 1x1 conv: ``(B, C, H, W)`` to logits ``(B, 2, H, W)`` of real, fake.

    Args:
        in_channels: Channels of the coarsest features f3.
        channels: Hidden width. Default: 512.
        norm_cfg: Norm layer. Default: ``dict(type='BN')``.
    """

    def __init__(self, in_channels: int, channels: int = 512, norm_cfg: dict | None = None) -> None:
        norm_cfg = norm_cfg or dict(type='BN')
        super().__init__(
            ConvModule(in_channels, channels, 3, padding=1, bias=False, norm_cfg=norm_cfg),
            ConvModule(channels, channels, 3, padding=1, bias=False, norm_cfg=norm_cfg),
            nn.Conv2d(channels, 2, 1),
        )
