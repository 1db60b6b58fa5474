"""The stream that reads how a JPEG file was compressed, from its quantized coefficients."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, build_norm_layer
from mmengine.model import BaseModule, Sequential
from mmseg.models.backbones.resnet import BasicBlock
from mmseg.utils import ConfigType, OptMultiConfig
from torch import Tensor, nn

from ....media.jpeg_grid import BLOCK
from ...backbones.hrnet import ResizeOnceModule
from .transition import Transition

NUM_FREQUENCY_LAYERS, WIDTH = 4, 4


class DCTStream(BaseModule):
    """Absolute coefficients as one-hot vectors; then, per block, all 64 frequencies as channels; then two HRNet stages.

    Args:
        channels: Widths of the three branches, at strides 8, 16 and 32. The first layers have the width of ``stem``.
        dilated_channels: Width of the first convolution, at the size of the picture.
        stem: Width of the four blocks before the first stage.
        num_modules: Modules of the stage with two and of that with three branches.
        num_blocks: Basic blocks per branch and module.
        threshold: T: larger absolute values count as T.
        norm_cfg: Batch norm.
        init_cfg: Default: N(0, 0.001), as the authors start without their double-compression weights.
    """

    def __init__(
        self,
        channels: Sequence[int] = (96, 192, 384),
        dilated_channels: int = 64,
        stem: int = 96,
        num_modules: Sequence[int] = (3, 2),
        num_blocks: int = 4,
        threshold: int = 20,
        norm_cfg: ConfigType = dict(type='BN', momentum=0.01),  # noqa: B006
        init_cfg: OptMultiConfig = None,
    ) -> None:
        init_cfg = init_cfg or [
            dict(type='Normal', std=0.001, layer='Conv2d'),
            dict(type='Constant', val=1, layer='_BatchNorm'),
        ]
        super().__init__(init_cfg)
        self.threshold = threshold
        # With a bias, unlike all other convolutions before a batch norm.
        self.dilated = nn.Sequential(
            nn.Conv2d(threshold + 1, dilated_channels, 3, padding=BLOCK, dilation=BLOCK),
            build_norm_layer(norm_cfg, dilated_channels)[1],
            nn.ReLU(inplace=True),
        )
        self.reduced = ConvModule(dilated_channels, WIDTH, 1, norm_cfg=norm_cfg)
        self.blocks = _blocks(2 * WIDTH * BLOCK**2, stem, norm_cfg)
        self.transition2 = Transition([stem], channels[:2], norm_cfg)
        self.stage3 = stage(channels[:2], num_modules[0], num_blocks, norm_cfg)
        self.transition3 = Transition(channels[:2], channels, norm_cfg)
        self.stage4 = stage(channels, num_modules[1], num_blocks, norm_cfg)

    def forward(self, coefficients: Tensor, table: Tensor) -> list[Tensor]:
        """From quantized coefficients to features.

        Args:
            coefficients: ``(B, 1, H, W)``, see :mod:`monfap_mm.media.jpeg_grid`; H and W are multiples of 8.
            table: Quantization steps ``(B, 1, 8, 8)``, as they stand in the file.

        Returns:
            Features ``(B, C_i, H / s, W / s)`` of strides s of 8, 16 and 32.
        """
        feats = self.reduced(self.dilated(self.volume(coefficients)))
        frequencies = F.pixel_unshuffle(feats, BLOCK)  # (B, 4 * 64, H / 8, W / 8)
        # What dequantization does: the same frequencies times their steps, alike for the four channels.
        steps = table.flatten(1).repeat(1, WIDTH)[..., None, None]
        feats = self.blocks(torch.cat([frequencies, frequencies * steps], dim=1))
        feats = self.stage3(self.transition2([feats]))
        return self.stage4(self.transition3(feats))

    def volume(self, coefficients: Tensor) -> Tensor:
        """One-hot vectors ``(B, T + 1, H, W)`` of the absolute coefficients, at most T."""
        values = torch.arange(self.threshold + 1, device=coefficients.device, dtype=coefficients.dtype)
        sizes = coefficients.abs().clamp(max=self.threshold)
        return (sizes == values[:, None, None]).to(self.dilated[0].weight.dtype)


def stage(channels: Sequence[int], num_modules: int, num_blocks: int, norm_cfg: ConfigType) -> Sequential:
    """HRNet modules with one branch for each width, the finest first."""
    count = len(channels)
    modules = [
        ResizeOnceModule(count, BasicBlock, [num_blocks] * count, list(channels), list(channels), norm_cfg=norm_cfg)
        for _ in range(num_modules)
    ]
    return Sequential(*modules)


def _blocks(in_channels: int, channels: int, norm_cfg: ConfigType) -> Sequential:
    """Basic blocks at stride 8, the first with a 1x1 convolution as its shortcut."""
    shortcut = nn.Sequential(nn.Conv2d(in_channels, channels, 1, bias=False), build_norm_layer(norm_cfg, channels)[1])
    first = BasicBlock(in_channels, channels, downsample=shortcut, norm_cfg=norm_cfg)
    others = [BasicBlock(channels, channels, norm_cfg=norm_cfg) for _ in range(NUM_FREQUENCY_LAYERS - 1)]
    return Sequential(first, *others)
