"""Differences to blurred copies of a feature map: the frequency cue of HiFi-Net's extractor."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.utils import OptConfigType
from torch import Tensor, nn


class LaplacianBlock(BaseModule):
    """``x - up(down(blur(x)))`` at several scales, mixed by a 1x1 convolution.

    As published, the blur (3x3, standard deviation s) is not padded, so the map that is enlarged again covers two
    pixels less than x. Blur and downsampling by s, whose samples lie in the middle of four pixels, are one depthwise
    4x4 convolution of stride s here.

    Args:
        channels: C.
        scales: Even factors s. Default: (2, 4, 8).
        norm_cfg: Norm after the 1x1 convolution. Default: None, which is BN.
    """

    def __init__(self, channels: int, scales: Sequence[int] = (2, 4, 8), norm_cfg: OptConfigType = None) -> None:
        super().__init__()
        self.scales = tuple(scales)
        self.register_buffer('kernels', torch.stack([_blur(scale) for scale in scales]), persistent=False)
        self.mix = nn.Sequential(
            nn.Conv2d(channels * len(scales), channels, 1, bias=False),
            build_norm_layer(norm_cfg or dict(type='BN'), channels)[1],
            nn.ReLU(),
            nn.Dropout(0.2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to the same shape; H and W are at least the largest scale + 2."""
        return self.mix(torch.cat([x - self._blurred(x, i) for i in range(len(self.scales))], dim=1))

    def _blurred(self, x: Tensor, index: int) -> Tensor:
        (height, width), scale = x.shape[2:], self.scales[index]
        kernel = self.kernels[index].to(x.dtype).expand(x.shape[1], 1, 4, 4)
        first = scale // 2 - 1
        small = F.conv2d(x[..., first:, first:], kernel, stride=scale, groups=x.shape[1])
        small = small[..., : (height - 2) // scale, : (width - 2) // scale]
        return resize(small, size=(height, width), mode='bilinear', align_corners=False)


def _blur(scale: int) -> Tensor:
    """Gaussian 3x3 followed by the mean of 2x2 pixels, ``(4, 4)``."""
    line = torch.exp(-torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64) / (2 * scale**2))
    line = line / line.sum()
    line = (F.pad(line, (0, 1)) + F.pad(line, (1, 0))) / 2
    return torch.outer(line, line).float()
