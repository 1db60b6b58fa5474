"""The decoder of DeepLabV3+, in the order that the public base network has it."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class DeepLabV3PlusHead(BaseDecodeHead):
    """ASPP on the coarsest features, then two convolutions beside low-level features.

    mmseg's heads put the pooled branch first and fuse by 3x3 (``ASPPHead``), or have separable convolutions.

    Args:
        in_channels: Widths of the low-level and of the coarsest features, which ``in_index`` names.
        channels: Width of each ASPP branch and of the decoder.
        low_level_channels: To which the low-level features are reduced.
        dilations: Of the four ASPP branches; 1 stands for a 1x1 convolution.
        **kwargs: Further arguments of ``BaseDecodeHead``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        low_level_channels: int = 48,
        dilations: Sequence[int] = (1, 6, 12, 18),
        **kwargs,
    ) -> None:
        kwargs.setdefault(
            'init_cfg', dict(type='Kaiming', mode='fan_in', nonlinearity='relu', distribution='normal', layer='Conv2d')
        )
        super().__init__(
            in_channels=in_channels, channels=channels, input_transform='multiple_select', dropout_ratio=0, **kwargs
        )
        low, high = in_channels
        layer = dict(norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        self.aspp = ASPPModule(dilations, high, channels, self.conv_cfg, self.norm_cfg, self.act_cfg)
        self.image_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvModule(high, channels, 1, **layer))
        self.bottleneck = ConvModule((len(dilations) + 1) * channels, channels, 1, **layer)
        self.low_level = ConvModule(low, low_level_channels, 1, **layer)
        self.context_dropout = nn.Dropout(0.5)
        self.decoder = nn.Sequential(
            ConvModule(channels + low_level_channels, channels, 3, padding=1, **layer),
            nn.Dropout(0.5),
            ConvModule(channels, channels, 3, padding=1, **layer),
            nn.Dropout(0.1),
        )

    def context(self, inputs: Sequence[Tensor]) -> Tensor:
        """Output of ASPP ``(B, channels, H/16, W/16)`` from the levels of the backbone."""
        high = self._transform_inputs(inputs)[1]
        pooled = self._resize(self.image_pool(high), high)
        return self.bottleneck(torch.cat([*self.aspp(high), pooled], dim=1))

    def decode(self, inputs: Sequence[Tensor], context: Tensor) -> Tensor:
        """Logits ``(B, classes, H/4, W/4)``."""
        low = self.low_level(self._transform_inputs(inputs)[0])
        context = self._resize(self.context_dropout(context), low)
        return self.cls_seg(self.decoder(torch.cat([context, low], dim=1)))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits ``(B, classes, H/4, W/4)`` from the levels of the backbone."""
        return self.decode(inputs, self.context(inputs))

    def _resize(self, maps: Tensor, like: Tensor) -> Tensor:
        """Maps ``(B, C, h, w)`` at the size of others."""
        return resize(maps, like.shape[2:], mode='bilinear', align_corners=self.align_corners, warning=False)
