"""ConvNeXt V2 of mmpretrain, with its two slow layers in a cheaper form of the same result."""

import torch
from mmpretrain.models.backbones import ConvNeXt
from mmpretrain.models.utils.norm import GRN, LayerNorm2d
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmseg.registry import MODELS
from torch import Tensor

# Below it the norm of a channel counts as this, and has no gradient, as the norm of zeros has none.
_TINY = 1e-30


@MMPRETRAIN_MODELS.register_module()
class ChannelsLastLayerNorm2d(LayerNorm2d):
    """Layer norm over the channels that leaves them where they are in memory.

    mmpretrain's own copies its result to channels first, and the next layer copies it back.
    """

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Norm ``(B, C, H, W)``, or ``(B, H, W, C)`` with data_format 'channel_last'."""
        if data_format == 'channel_last':
            return super().forward(x, data_format)
        return super().forward(x.permute(0, 2, 3, 1), 'channel_last').permute(0, 3, 1, 2)


class ReassociatedGRN(GRN):
    """Global response norm as one scale a channel: ``gamma (x n) + beta + x = (1 + gamma n) x + beta``.

    mmpretrain's own takes four passes over the widest feature maps of the network and keeps two more of them for the
    gradient.
    """

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Norm ``(B, C, H, W)``, or ``(B, H, W, C)`` with data_format 'channel_last'."""
        if data_format == 'channel_first':
            return self.forward(x.permute(0, 2, 3, 1), 'channel_last').permute(0, 3, 1, 2)
        # fp16 cannot hold the sum of squares.
        energy = x.to(torch.promote_types(x.dtype, torch.float32)).square().sum(dim=(1, 2), keepdim=True)
        norm = energy.clamp(min=_TINY).sqrt()
        scale = 1 + self.gamma * (norm / (norm.mean(dim=-1, keepdim=True) + self.eps))
        return torch.addcmul(self.beta.to(x.dtype), x, scale.to(x.dtype))


@MODELS.register_module()
class ConvNeXtV2(ConvNeXt):
    """``mmpretrain.ConvNeXt`` as version 2 has it, with other defaults and two faster layers; the same parameters.

    Args:
        arch (str | dict): See ``mmpretrain.ConvNeXt``. Default: 'atto'.
        **kwargs: Further arguments of ``mmpretrain.ConvNeXt``. ``use_grn`` is True by default,
            ``layer_scale_init_value`` 0, ``gap_before_final_norm`` False, and ``out_indices`` all four levels.
    """

    def __init__(self, arch: str | dict = 'atto', **kwargs) -> None:
        defaults = dict(
            use_grn=True,
            layer_scale_init_value=0.0,
            gap_before_final_norm=False,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type='ChannelsLastLayerNorm2d', eps=1e-6),
        )
        super().__init__(arch, **(defaults | kwargs))
        for block in [block for stage in self.stages for block in stage]:
            if block.grn is not None:
                block.grn = ReassociatedGRN(block.grn.in_channels, block.grn.eps)
