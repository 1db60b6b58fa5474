"""HRNet of mmseg that resizes once where its branches meet, as the original code does."""

import torch.nn.functional as F
from mmcv.cnn import build_conv_layer, build_norm_layer
from mmengine.model import Sequential
from mmseg.models.backbones.hrnet import HRModule, HRNet
from mmseg.models.utils import Upsample
from mmseg.registry import MODELS
from torch import Tensor, nn


class ResizeOnceModule(HRModule):
    """``HRModule`` with other fusion: a coarser branch is resized to the size of the finer one in a single step.

    mmseg's enlarges by the factor of two powers first and resizes the result, which differs where a side is no multiple
    of the coarsest stride.

    Args:
        *args, align_corners: See :class:`ResizeOnceHRNet`.
        **kwargs: Arguments of ``HRModule``.
    """

    def __init__(self, *args, align_corners: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.align_corners = align_corners
        for layers in self.fuse_layers:
            for layer in layers:
                if layer is not None and isinstance(layer[-1], Upsample):
                    layer[-1] = nn.Identity()  # the keys of the others stay

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        """Fuse branches ``(B, C_i, H_i, W_i)``, the finest first."""
        x = [branch(feat) for branch, feat in zip(self.branches, x)]
        return [self.relu(self._fuse(x, i)) for i in range(len(self.fuse_layers))]

    def _fuse(self, x: list[Tensor], target: int) -> Tensor:
        fused = x[target]
        for source, layer in enumerate(self.fuse_layers[target]):
            if source == target:
                continue
            feat = layer(x[source])
            if source > target:
                feat = F.interpolate(feat, fused.shape[2:], mode='bilinear', align_corners=self.align_corners)
            fused = fused + feat
        return fused


@MODELS.register_module()
class ResizeOnceHRNet(HRNet):
    """mmseg's ``HRNet`` that equals the original code at every size: the same weights, other arithmetic at odd sizes.

    Args:
        *args: Arguments of mmseg's ``HRNet``.
        align_corners: How the coarser branches are resized. Default: False, as in HRNet.
        stem_strides: Strides of the two first convolutions; with ``(1, 1)`` the branches have the strides
            1, 2, 4 and 8. Default: (2, 2).
        stem_channels: Channels of these two, which mmseg fixes. Default: 64.
        **kwargs: Further arguments of mmseg's ``HRNet``.
    """

    def __init__(
        self,
        *args,
        align_corners: bool = False,
        stem_strides: tuple[int, int] = (2, 2),
        stem_channels: int = 64,
        **kwargs,
    ) -> None:
        self._align_corners, self._stem_channels = align_corners, stem_channels
        super().__init__(*args, **kwargs)
        for i, in_channels, stride in zip((1, 2), (self.conv1.in_channels, stem_channels), stem_strides):
            conv = build_conv_layer(self.conv_cfg, in_channels, stem_channels, 3, stride, padding=1, bias=False)
            setattr(self, f'conv{i}', conv)
            self.add_module(*build_norm_layer(self.norm_cfg, stem_channels, postfix=i))

    def _make_layer(
        self, block: type[nn.Module], inplanes: int, planes: int, blocks: int, stride: int = 1
    ) -> Sequential:
        # Of the layers that are made so there is one, behind the stem.
        return super()._make_layer(block, self._stem_channels, planes, blocks, stride)

    def _make_stage(
        self, layer_config: dict, in_channels: list[int], multiscale_output: bool = True
    ) -> tuple[Sequential, list[int]]:
        count = layer_config['num_modules']
        # Each module writes its widths into in_channels.
        modules = [
            ResizeOnceModule(
                layer_config['num_branches'],
                self.blocks_dict[layer_config['block']],
                layer_config['num_blocks'],
                in_channels,
                layer_config['num_channels'],
                multiscale_output or i < count - 1,
                with_cp=self.with_cp,
                norm_cfg=self.norm_cfg,
                conv_cfg=self.conv_cfg,
                align_corners=self._align_corners,
            )
            for i in range(count)
        ]
        return Sequential(*modules), in_channels
