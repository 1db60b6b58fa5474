"""The manipulation-trace feature extractor of ManTra-Net."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...layers.noise_extractors import BayarConv
from ...layers.residual_kernels import SRM_KERNELS

# Channels of the 3x3 convolutions, in units of the first one's.
WIDTHS = (1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8)
NUM_FREE = 4


class TraceExtractor(nn.Module):
    """Residual filters, twelve 3x3 convolutions with ReLU between them, and a norm over the channels of each pixel.

    Nothing is pooled: all maps have the size of the image. The border is repeated where others pad with zeros.

    Args:
        base_channels: Channels C of the first 3x3 convolution; the last one has 8 C. Default: 32.
    """

    def __init__(self, base_channels: int = 32) -> None:
        super().__init__()
        channels = [width * base_channels for width in WIDTHS]
        self.filters = TraceFilters()
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, padding_mode='replicate')
            for before, after in zip([TraceFilters.channels, *channels], channels)
        )
        for conv in self.convs:
            nn.init.xavier_uniform_(conv.weight)
            nn.init.zeros_(conv.bias)

    @property
    def radius(self) -> int:
        """How far a pixel sees, in pixels."""
        return TraceFilters.radius + len(self.convs)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``(B, 3, H, W)`` in [-1, 1], of at least 2x2 pixels, to features ``(B, 8 C, H, W)`` of length 1."""
        x = self.filters(x)
        for conv in self.convs:
            x = conv(x.relu_())
        # sum(x^2) of fp16 needs more than fp16.
        return F.normalize(x.float() if x.element_size() < 4 else x, dim=1, eps=1e-6)


class TraceFilters(nn.Module):
    """5x5 filters: 4 free ones, 9 SRM filters (kernel k of color c is number 3 k + c), 3 constrained ones (Bayar).

    Departure: the original puts the constraint upon the weights after every optimizer step; here it is part of the
    forward pass.
    """

    channels = NUM_FREE + 9 + 3
    radius = 2

    def __init__(self) -> None:
        super().__init__()
        self.free = nn.Conv2d(3, NUM_FREE, 5, bias=False)
        nn.init.xavier_uniform_(self.free.weight)
        self.bayar = BayarConv(3)
        self.register_buffer('srm', srm_filters(SRM_KERNELS), persistent=False)

    def kernel(self) -> Tensor:
        """All filters, ``(16, 3, 5, 5)``."""
        return torch.cat([self.free.weight, self.srm, self.bayar.kernel()])

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, 16, H, W)``."""
        return F.conv2d(pad_symmetrically(x), self.kernel().to(x.dtype))


def srm_filters(kernels: Sequence[Tensor]) -> Tensor:
    """Each kernel ``(5, 5)`` on each color alone, ``(9, 3, 5, 5)``."""
    return torch.cat([torch.eye(3)[:, :, None, None] * kernel for kernel in kernels])


def pad_symmetrically(x: Tensor) -> Tensor:
    """Two rows and columns on each side of at least 2x2 pixels, mirrored at the edge: c b a | a b c."""
    x = torch.cat([x[:, :, 1:2], x[:, :, :1], x, x[:, :, -1:], x[:, :, -2:-1]], dim=2)
    return torch.cat([x[..., 1:2], x[..., :1], x, x[..., -1:], x[..., -2:-1]], dim=3)
