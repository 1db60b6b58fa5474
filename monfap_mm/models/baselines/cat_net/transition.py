"""Between two stages of HRNet: widths change, and a coarser branch may join."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmseg.utils import ConfigType
from torch import Tensor, nn


class Transition(nn.ModuleList):
    """3x3 convolutions where the width changes, one of stride 2 of the last branch for each branch that is new.

    Args:
        in_channels: Widths before, the finest branch first.
        out_channels: Widths after; at most one branch more.
        norm_cfg: Batch norm.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: Sequence[int], norm_cfg: ConfigType) -> None:
        super().__init__()
        for i, width in enumerate(out_channels):
            is_new = i == len(in_channels)
            if not is_new and in_channels[i] == width:
                self.append(nn.Identity())
                continue
            stride = 2 if is_new else 1
            before = in_channels[-1 if is_new else i]
            self.append(ConvModule(before, width, 3, stride=stride, padding=1, norm_cfg=norm_cfg))

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """From branches ``(B, C_i, H_i, W_i)`` to those of the next stage."""
        return [layer(feats[min(i, len(feats) - 1)]) for i, layer in enumerate(self)]
