"""The feature extractor of HiFi-Net: an HRNet at full resolution beside a frequency block."""

from collections.abc import Mapping
from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from mmseg.utils import OptConfigType
from torch import Tensor, nn

from ...backbones import ResizeOnceHRNet
from .laplacian import LaplacianBlock

WIDTHS = (18, 36, 72, 144)
_STAGE = dict(num_modules=1, num_branches=4, block='BASIC', num_blocks=(2,) * 4)


@MODELS.register_module()
class FENet(ResizeOnceHRNet):
    """Color block and frequency block, both of stride 1, then HRNet with four branches in all stages.

    As published, the 1x1 convolution that merges the two blocks has two groups, so they do not meet before ``layer1``.

    Args:
        widths: Channels of the branches. Default: 18, 36, 72, 144.
        stem_channels: Channels of either block and of their merge. Default: 64.
        stage1_channels: Channels within the bottlenecks of ``layer1``, which end with four times as many. Default: 64.
        stem_norm_cfg: Norm of the frequency block and of the merge. Default: None, which is BN.
        norm_cfg: Norm of all others. Default: None, which is BN with momentum 0.01.
        **kwargs: Further arguments of mmseg's ``HRNet``, such as ``init_cfg``.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = WIDTHS,
        stem_channels: int = 64,
        stage1_channels: int = 64,
        stem_norm_cfg: OptConfigType = None,
        norm_cfg: OptConfigType = None,
        **kwargs: Any,
    ) -> None:
        norm_cfg = norm_cfg or dict(type='BN', momentum=0.01)
        stem_norm_cfg = stem_norm_cfg or dict(type='BN')
        extra = dict(
            stage1=dict(
                num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(2,), num_channels=(stage1_channels,)
            ),
            **{f'stage{i}': dict(_STAGE, num_channels=tuple(widths)) for i in (2, 3, 4)},
        )
        super().__init__(
            extra, align_corners=True, stem_strides=(1, 1), stem_channels=stem_channels, norm_cfg=norm_cfg, **kwargs
        )
        self.frequency = nn.Sequential(
            nn.Conv2d(3, stem_channels, 3, padding=1, bias=False),
            build_norm_layer(norm_cfg, stem_channels)[1],
            nn.ReLU(),
            LaplacianBlock(stem_channels, norm_cfg=stem_norm_cfg),
            nn.Conv2d(stem_channels, stem_channels, 3, padding=1, bias=False),
            build_norm_layer(norm_cfg, stem_channels)[1],
            nn.ReLU(),
        )
        self.merge = nn.Sequential(
            nn.Conv2d(2 * stem_channels, stem_channels, 1, groups=2, bias=False),
            build_norm_layer(stem_norm_cfg, stem_channels)[1],
            nn.ReLU(),
            nn.Dropout(0.2),
        )

    def init_weights(self) -> None:
        """Initialize; ``init_cfg`` of type 'Pretrained' names an HRNet, see :func:`complete`."""
        if not (isinstance(self.init_cfg, Mapping) and self.init_cfg['type'] == 'Pretrained'):
            super().init_weights()
            return
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.001)
        checkpoint = CheckpointLoader.load_checkpoint(self.init_cfg['checkpoint'], map_location='cpu')
        state_dict = complete(checkpoint.get('state_dict', checkpoint))
        own = self.state_dict()
        fitting = {key: value for key, value in state_dict.items() if key in own and own[key].shape == value.shape}
        self.load_state_dict(fitting, strict=False)
        self._is_init = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features ``(B, C_i, H / 2^i, W / 2^i)`` of images ``(B, 3, H, W)`` in [0, 1]; sides of at least 10."""
        color = self.relu(self.norm1(self.conv1(x)))
        color = self.relu(self.norm2(self.conv2(color)))
        x = self.layer1(self.merge(torch.cat([color, self.frequency(x)], dim=1)))
        feats = [transition(x) for transition in self.transition1]
        # Between the stages nothing changes: all have the same branches.
        return tuple(self.stage4(self.stage3(self.stage2(feats))))


def complete(hrnet: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights for :class:`FENet` from those of an ImageNet HRNet-W18-small, as the authors fill them in.

    The frequency block starts as the stem; branches that HRNet has from stage 3 or 4 only, as those of its first
    module there.

    Args:
        hrnet: State dict in mmseg's names.

    Returns:
        State dict in our names; its first modules fit the stages here.
    """
    filled = {}
    for stage in (4, 3, 2):  # the nearest stage that has a branch overwrites the later ones
        prefix = f'stage{stage}.0.'
        for key, value in hrnet.items():
            if key.startswith(prefix):
                filled |= {f'stage{i}.0.{key.removeprefix(prefix)}': value for i in range(2, stage + 1)}
    filled |= {key: value for key, value in hrnet.items() if not key.startswith('stage')}
    for ours, theirs in (('0', 'conv1'), ('1', 'bn1'), ('4', 'conv2'), ('5', 'bn2')):
        for key in [key for key in hrnet if key.startswith(f'{theirs}.')]:
            filled[f'frequency.{ours}.{key.removeprefix(theirs + ".")}'] = hrnet[key]
    return filled
