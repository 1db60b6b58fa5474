"""The up-sampling of HP-FCN: transposed convolutions that start as bilinear interpolation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALE = 4
KERNEL_SIZE = 2 * SCALE
INITS = ('grouped', 'shared')


class BilinearUpsampling(nn.Module):
    """Transposed 8x8 convolution of stride 4 to a given size.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        init: Where the weights start. ``'shared'`` (the authors' code): the bilinear kernel between all channels. All
            outputs are then the same map, 'in_channels' times too large, and as their gradients are the same as well,
            they stay so for ever. ``'grouped'``: output j is the mean of the inputs j, j + out_channels ..., so that
            the outputs differ.

    Raises:
        ValueError: If init is unknown.
    """

    def __init__(self, in_channels: int, out_channels: int, init: str) -> None:
        super().__init__()
        if init not in INITS:
            raise ValueError(f'upsampling must be one of {", ".join(INITS)}, but got {init!r}.')
        gains = torch.ones(in_channels, out_channels)
        if init == 'grouped':
            gains = torch.eye(out_channels).repeat(-(-in_channels // out_channels), 1)[:in_channels]
            gains = gains / gains.sum(dim=0).clamp(min=1)
        self.weight = nn.Parameter(gains[:, :, None, None] * bilinear_kernel())

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Enlarge ``(B, C, h, w)`` to ``(B, C', H, W)``, of which ``h = ceil(H / 4)`` and ``w = ceil(W / 4)``.

        What is too much is cut from both sides, at the bottom and right one more where it is odd (TensorFlow's 'SAME').
        """
        x = F.conv_transpose2d(x, self.weight, stride=SCALE, padding=SCALE // 2)
        top, left = ((large - wanted) // 2 for large, wanted in zip(x.shape[2:], size))
        return x[..., top : top + size[0], left : left + size[1]]


def bilinear_kernel() -> Tensor:
    """``k(i) k(j)`` of ``k(i) = 1 - |i - 3.5| / 4``, ``(8, 8)``."""
    line = 1 - (torch.arange(KERNEL_SIZE) - (KERNEL_SIZE - 1) / 2).abs() / SCALE
    return line[:, None] * line
