"""The detection head of PSCC-Net: HRNet's classifier with narrower blocks."""

from collections.abc import Sequence

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, ModuleList
from mmseg.models.backbones.resnet import Bottleneck
from torch import Tensor, nn


class NarrowBottleneck(Bottleneck):
    """A bottleneck of C channels that ends with 2C."""

    expansion = 2


class DetectionHead(BaseModule):
    """Widens the levels, adds the finer to the next coarser one, and classifies the mean of the coarsest.

    Args:
        in_channels: Channels C_i of the levels, the finest first.
        norm_cfg: Norm layer. Default: ``dict(type='BN')``.
    """

    def __init__(self, in_channels: Sequence[int], norm_cfg: dict | None = None) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        widths = [2 * channels for channels in in_channels]
        self.widen = ModuleList(_widen(channels, norm_cfg) for channels in in_channels)
        self.downsample = ModuleList(
            _activated(nn.Conv2d(finer, coarser, 3, stride=2, padding=1), norm_cfg)
            for finer, coarser in zip(widths, widths[1:])
        )
        self.final = _activated(nn.Conv2d(widths[-1], 128, 1), norm_cfg)
        self.classifier = nn.Sequential(nn.Linear(128, 16), nn.ReLU(inplace=True), nn.Linear(16, 2))

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Logits of (real, fake) ``(B, 2)`` of features ``(B, C_i, H / 2^i, W / 2^i)``."""
        x, *others = (block(feat) for block, feat in zip(self.widen, feats))
        for downsample, other in zip(self.downsample, others):
            x = other + downsample(x)
        return self.classifier(self.final(x).mean(dim=(2, 3)))


def _activated(conv: nn.Conv2d, norm_cfg: dict) -> nn.Sequential:
    return nn.Sequential(conv, build_norm_layer(norm_cfg, conv.out_channels)[1], nn.ReLU(inplace=True))


def _widen(channels: int, norm_cfg: dict) -> NarrowBottleneck:
    conv, norm = nn.Conv2d(channels, 2 * channels, 1, bias=False), build_norm_layer(norm_cfg, 2 * channels)[1]
    return NarrowBottleneck(channels, channels, downsample=nn.Sequential(conv, norm), norm_cfg=norm_cfg)
