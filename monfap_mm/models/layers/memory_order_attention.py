"""Non-local attention between the strips of a feature map."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class MemoryOrderAttention(BaseModule):
    """Attention between positions that group ``r^2`` pixels in memory order, with a residual.

    As published, ``(B, C, H, W)`` becomes ``(B, r^2 C, H/r, W/r)`` by a plain reshape: a position holds one pixel of
    each of r^2 horizontal strips, not a square of pixels. Scores are not scaled. The matrix of positions x positions is
    not kept.

    Args:
        channels: C.
        reduction: r. Default: 4.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.reduction = reduction
        inner = channels * reduction**2
        self.g, self.theta, self.phi = (nn.Conv2d(inner, inner, 1) for _ in range(3))
        self.project = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Attend within ``(B, C, H, W)``; H and W are multiples of r."""
        return x + self.attend(*self.positions(x), x.shape)

    def positions(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Theta, phi and g ``(B, K, N)``, of K = r^2 C channels and N = H W / r^2 positions, of ``(B, C, H, W)``."""
        batch, channels, height, width = x.shape
        r = self.reduction
        strips = x.reshape(batch, channels * r * r, height // r, width // r)
        return tuple(layer(strips).flatten(2) for layer in (self.theta, self.phi, self.g))

    def attend(self, theta: Tensor, phi: Tensor, g: Tensor, shape: torch.Size) -> Tensor:
        """What is added to x of that shape."""
        # One head. Of values that do not lie together PyTorch would keep the matrix.
        query, key, value = (tensor.transpose(1, 2).contiguous()[:, None] for tensor in (theta, phi, g))
        y = F.scaled_dot_product_attention(query, key, value, scale=1.0)[:, 0]
        return self.gamma * self.project(y.transpose(1, 2).reshape(shape))
