"""The pre-filtering of HP-FCN: learnable high-pass filters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...layers.residual_kernels import HIGH_PASS_KERNELS


class HighPassFilters(nn.Module):
    """Residuals of each color channel by each of three 3x3 filters, which start as first-order differences.

    Each filter is stored once per color channel, so that the channels may drift apart in training.
    """

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.stack(HIGH_PASS_KERNELS)[:, None, None].repeat(1, 3, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Residuals of images ``(B, 3, H, W)``, filter by filter, ``(B, 9, H, W)``."""
        return torch.cat([F.conv2d(x, kind, padding=1, groups=3) for kind in self.filters], dim=1)
