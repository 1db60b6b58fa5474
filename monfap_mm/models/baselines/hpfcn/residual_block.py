"""The residual blocks of HP-FCN: pre-activation bottlenecks (ResNet v2)."""

import math

from mmcv.cnn import build_norm_layer
from mmengine.model import Sequential
from torch import Tensor, nn

EXPANSION = 4


class PreActivationBottleneck(nn.Module):
    """``shortcut + conv3(relu(bn2(conv2(relu(bn1(conv1(p)))))))`` with ``p = relu(bn(x))``.

    The shortcut is a 1x1 convolution of p where the width changes, else x. No norm follows it or conv3, and no
    activation the sum.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution; the output has 4 times as many.
        stride: Of the 3x3 convolution and the shortcut.
        norm_cfg: Norm layers.
    """

    def __init__(self, in_channels: int, width: int, stride: int, norm_cfg: dict) -> None:
        super().__init__()
        channels = width * EXPANSION
        self.stride = stride
        self.preact = build_norm_layer(norm_cfg, in_channels)[1]
        self.shortcut = nn.Conv2d(in_channels, channels, 1, stride) if in_channels != channels else None
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = build_norm_layer(norm_cfg, width)[1]
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = build_norm_layer(norm_cfg, width)[1]
        self.conv3 = nn.Conv2d(width, channels, 1)
        self.relu = nn.ReLU(inplace=True)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                init_conv(module)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` to ``(B, 4 * width, ceil(H / stride), ceil(W / stride))``."""
        preact = self.relu(self.preact(x))
        shortcut = x[..., :: self.stride, :: self.stride] if self.shortcut is None else self.shortcut(preact)
        y = self.relu(self.bn1(self.conv1(preact)))
        y = self.relu(self.bn2(self.conv2(y)))
        return shortcut + self.conv3(y)


def residual_block(in_channels: int, width: int, norm_cfg: dict) -> Sequential:
    """Two units; the second one halves the size."""
    return Sequential(
        PreActivationBottleneck(in_channels, width, 1, norm_cfg),
        PreActivationBottleneck(width * EXPANSION, width, 2, norm_cfg),
    )


def init_conv(conv: nn.Conv2d) -> None:
    """Normal of variance ``2 / fan_in``, cut off at two standard deviations, which takes 23% of the variance."""
    std = math.sqrt(1.3 * 2 / conv.weight[0].numel())
    nn.init.trunc_normal_(conv.weight, std=std, a=-2 * std, b=2 * std)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
