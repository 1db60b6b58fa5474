"""The edge-supervised stream of MVSS-Net: where a manipulated region borders on the rest."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, ModuleList
from mmseg.models.utils import resize
from torch import Tensor, nn

_SOBEL_X = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
_SOBEL_Y = _SOBEL_X.T


class SobelGate(BaseModule):
    """``sigmoid(g) x``, where g is the length of the gradient of the sum of x's channels.

    The authors convolve all C channels with the same kernel; the sum of the channels, once, is the same. Both
    directions have a batch norm of their own, here the two channels of one.

    Args:
        norm_cfg: Norm layer of the gradient.
    """

    def __init__(self, norm_cfg: dict) -> None:
        super().__init__()
        self.register_buffer('kernels', torch.stack([_SOBEL_X, _SOBEL_Y])[:, None], persistent=False)
        self.norm = build_norm_layer(norm_cfg, 2)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Gate features ``(B, C, H, W)``."""
        with torch.autocast(x.device.type, enabled=False):  # a sum of 2048 channels is too large for fp16
            total = x.to(self.kernels.dtype).sum(dim=1, keepdim=True)
            gradient = self.norm(F.conv2d(total, self.kernels, padding=1))
            # Unlike the square root of the authors, it has a gradient at 0.
            length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        return length.sigmoid().to(x.dtype) * x


class EdgeResidualBlock(BaseModule):
    """A 1x1 convolution to one channel and two 3x3 convolutions with a shortcut.

    Args:
        in_channels: Channels C in.
        norm_cfg: Norm layer between the two 3x3 convolutions.
        with_relu: Whether a ReLU comes last. Default: True.
    """

    def __init__(self, in_channels: int, norm_cfg: dict, with_relu: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 1, 1)
        self.conv2 = nn.Conv2d(1, 1, 3, padding=1)
        self.bn = build_norm_layer(norm_cfg, 1)[1]
        self.conv3 = nn.Conv2d(1, 1, 3, padding=1)
        self.with_relu = with_relu

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, 1, H, W)``."""
        shortcut = self.conv1(x)
        x = shortcut + self.conv3(F.relu(self.bn(self.conv2(shortcut))))
        return F.relu(x) if self.with_relu else x


class EdgeStream(BaseModule):
    """Edges from the features of all levels, from the finest to the coarsest.

    Coarser levels are enlarged to the size of the finest, which at sides that 16 divides is the authors' enlargement by
    factors; theirs fails at other sizes.

    Args:
        in_channels: Channels of the levels, the finest first.
        norm_cfg: Norm layer. Default: ``dict(type='BN')``.
    """

    def __init__(self, in_channels: Sequence[int], norm_cfg: dict | None = None) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        self.gates = ModuleList(SobelGate(norm_cfg) for _ in in_channels)
        self.level_blocks = ModuleList(EdgeResidualBlock(channels, norm_cfg) for channels in in_channels)
        last = len(in_channels) - 2
        self.chain_blocks = ModuleList(EdgeResidualBlock(1, norm_cfg, with_relu=i < last) for i in range(last + 1))

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Edge logits ``(B, 1, H, W)`` of features ``(B, C_i, H_i, W_i)``, at the size of the first."""
        edges, *others = (block(gate(feat)) for feat, gate, block in zip(feats, self.gates, self.level_blocks))
        for block, level in zip(self.chain_blocks, others):
            edges = block(
                edges + resize(level, size=edges.shape[2:], mode='bilinear', align_corners=True, warning=False)
            )
        return edges
