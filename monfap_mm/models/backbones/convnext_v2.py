"""ConvNeXt V2 of mmpretrain, with its two slow layers in a cheaper form of the same result."""

import torch
from mmpretrain.models.backbones import ConvNeXt
from mmpretrain.models.utils.norm import GRN, LayerNorm2d
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmseg.registry import MODELS
from torch import Tensor

# A channel of zeros has a norm a little above 0 and, as x is 0, no gradient.
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
    """Global response norm as one scale per channel: ``gamma (x n) + beta + x = (1 + gamma n) x + beta``.

    mmpretrain's own takes four passes over the widest feature maps of the network and keeps two more of them for the
    gradient.
    """

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Norm ``(B, C, H, W)``, or ``(B, H, W, C)`` with data_format 'channel_last'."""
        if data_format == 'channel_first':
            return self.forward(x.permute(0, 2, 3, 1), 'channel_last').permute(0, 3, 1, 2)
        norm = _GlobalNorm.apply(x)
        scale = 1 + self.gamma * (norm / (norm.mean(dim=-1, keepdim=True) + self.eps))
        return torch.addcmul(self.beta.to(x.dtype), x, scale.to(x.dtype))


class _GlobalNorm(torch.autograd.Function):
    """L2 norm of each channel over ``(B, H, W, C)``, ``(B, 1, 1, C)``, in fp32 at least: fp16 cannot hold the squares.

    Its gradient ``x / norm`` is one pass; that of PyTorch's own operators takes several.
    """

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        energy = x.to(torch.promote_types(x.dtype, torch.float32)).square().sum(dim=(1, 2), keepdim=True)
        norm = energy.clamp(min=_TINY).sqrt()
        ctx.save_for_backward(x, norm)
        return norm

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        x, norm = ctx.saved_tensors
        return x * (grad / norm).to(x.dtype)


@MODELS.register_module()
class ConvNeXtV2(ConvNeXt):
    """``mmpretrain.ConvNeXt`` as version 2 has it, with other defaults and two faster layers; the same parameters.

    Args:
        arch: See ``mmpretrain.ConvNeXt``. Default: 'atto'.
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
