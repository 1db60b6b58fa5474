"""Projection of wide features to a slim width."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule, ModuleList
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ChannelProjection(BaseModule):
    """One 1x1 convolution with norm for each level. Not in the paper.

    MoNFAP-R as written has 105 M weights in the 5x5 expert at 2048 channels alone; MoNFAP-R-slim projects the
    features first.

    Args:
        in_channels: Channels of the levels.
        out_channels: Channels after projection, as many levels.
        norm_cfg: Norm layer. Default: ``dict(type='BN')``.
        init_cfg: Initialization config. Default: None.

    Raises:
        ValueError: If the two lists differ in length.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Sequence[int],
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(in_channels) != len(out_channels):
            raise ValueError(
                f'in_channels and out_channels must have one entry per level, but got {in_channels}, {out_channels}.'
            )
        self.levels = ModuleList(
            ConvModule(c_in, c_out, 1, bias=False, norm_cfg=norm_cfg or dict(type='BN'), act_cfg=None)
            for c_in, c_out in zip(in_channels, out_channels)
        )

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Project features ``(B, C_i, H_i, W_i)`` to ``(B, C'_i, H_i, W_i)``."""
        return tuple(level(feat) for level, feat in zip(self.levels, feats))
