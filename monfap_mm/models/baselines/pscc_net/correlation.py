"""The spatio-channel correlation of PSCC-Net, which ends in a mask."""

import torch
from torch import Tensor, nn

from ...layers.memory_order_attention import MemoryOrderAttention


class SpatioChannelCorrelation(MemoryOrderAttention):
    """Attention between positions and between channels, then two convolutions to a mask.

    Args:
        channels: C.
        reduction: r; a position groups r^2 pixels, see :class:`MemoryOrderAttention`.
        published_order: Whether the channels' result, positions x channels, is read as if it were channels x
            positions, which mixes both: the published weights have been trained so. Default: False, it is transposed.
    """

    def __init__(self, channels: int, reduction: int, published_order: bool = False) -> None:
        super().__init__(channels, reduction)
        self.published_order = published_order
        self.channel_project = nn.Conv2d(channels, channels, 1)
        self.channel_gamma = nn.Parameter(torch.ones(1))
        self.mask = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(16, 1, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Mask logits ``(B, 1, H, W)`` of ``(B, C, H, W)``; H and W are multiples of r."""
        theta, phi, g = self.positions(x)
        by_channel = self._attend_to_channels(theta, phi, g).reshape(x.shape)
        x = x + self.attend(theta, phi, g, x.shape) + self.channel_gamma * self.channel_project(by_channel)
        return self.mask(x)

    def _attend_to_channels(self, theta: Tensor, phi: Tensor, g: Tensor) -> Tensor:
        """``(B, K, N)``, or ``(B, N, K)`` in the published order."""
        with torch.autocast(theta.device.type, enabled=False):  # sums over all positions are too large for fp16
            dtype = self.channel_gamma.dtype
            similarity = (theta.to(dtype) @ phi.to(dtype).transpose(1, 2)).softmax(dim=-1)
        attended = similarity.to(g.dtype).transpose(1, 2) @ g
        return attended.transpose(1, 2) if self.published_order else attended
