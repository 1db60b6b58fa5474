"""The four noise extractors that are the experts of MoNE (Sec. III-C 2): HF, SRM, Bayar and CD convolution.

CD and Bayar convolutions are linear in their input (:class:`LinearExtractor`), so MoNE adds the kernels of a sample
before it convolves once. SRM and HF convolutions have a non-linearity and are ordinary modules. All map
``(B, C, H, W)`` to ``(B, C, H, W)``. A new one is a class and a line in :data:`EXTRACTORS`, below.
"""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..ops import Foldable
from .recompute import recompute
from .residual_kernels import HIGH_PASS_KERNELS, SRM_KERNELS

_BAYAR_FREE_WEIGHTS = 24
# The smallest sum to divide by: large enough for the kernel to fit into fp16.
_BAYAR_EPS = 1e-2


class NoiseExtractor(BaseModule):
    """An expert of MoNE, ``(B, C, H, W)`` to ``(B, C, H, W)``."""

    @classmethod
    def build(cls, channels: int, norm_cfg: dict | None, with_cp: bool) -> 'NoiseExtractor':
        """Build an expert of C channels; norm layer and activation checkpointing are for those that have a use."""
        return cls(channels)


class LinearExtractor(Foldable, NoiseExtractor):
    """An expert that is one convolution: it states its kernel."""

    @abstractmethod
    def kernel(self) -> Tensor:
        """The kernel ``(C', C, k, k)`` of an odd size k."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(B, C, H, W)``."""
        kernel = self.kernel().to(x.dtype)
        return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2)

    def inference_form(self) -> 'FixedConv':
        """With the kernel as a constant."""
        return FixedConv(self.kernel())


class CDConv(LinearExtractor):
    """Central difference convolution, ``y = conv(x) - theta * (sum of the 3x3 kernel) x``.

    Args:
        channels: Channels C in and out.
        theta: Weight of the central difference, 0 for a plain convolution. Default: 0.7.
    """

    def __init__(self, channels: int, theta: float = 0.7) -> None:
        super().__init__()
        self.theta = theta
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def kernel(self) -> Tensor:
        """The equivalent 3x3 kernel, ``(C, C, 3, 3)``: the difference only changes the center."""
        weight = self.conv.weight
        centre = self.theta * weight.sum(dim=(2, 3), keepdim=True)
        return weight - F.pad(centre, (1, 1, 1, 1))


class BayarConv(LinearExtractor):
    """Constrained 5x5 convolution: the center is -1 and the 24 weights around it sum to 1.

    Departure from the authors' code, which overwrites the stored weights with the normalized ones at each forward:
    here the division is part of the graph, so a forward pass changes nothing and the gradient is exact. The outputs
    are the same.

    Args:
        channels: Channels C in.
        out_channels: Channels C' out. Default: None, as many.
    """

    def __init__(self, channels: int, out_channels: int | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(out_channels or channels, channels, _BAYAR_FREE_WEIGHTS))

    def kernel(self) -> Tensor:
        """The constrained kernel, ``(C', C, 5, 5)``, in fp32. A sum near 0 is held at +-1e-2."""
        weight = self.weight.float() if self.weight.dtype in (torch.half, torch.bfloat16) else self.weight
        return _Constrain.apply(weight).unflatten(-1, (5, 5))


class _Constrain(torch.autograd.Function):
    """``k = w / t``, ``t = sum w``, with -1 put in the middle; the gradient is ``(dL/dk - <dL/dk, k>) / t``.

    As autograd finds it, second derivatives included, in fewer passes and less memory: at 2048 channels there are
    100 M weights.
    """

    @staticmethod
    def forward(ctx, weight: Tensor) -> Tensor:
        total, _ = _held_sum(weight)
        before, after = (weight / total).split(_BAYAR_FREE_WEIGHTS // 2, dim=-1)
        kernel = torch.cat([before, -torch.ones_like(total), after], dim=-1)
        # Input and output only: anything else would be a constant to the second derivative.
        ctx.save_for_backward(weight, kernel)
        return kernel

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        weight, kernel = ctx.saved_tensors
        total, held = _held_sum(weight)
        before, centre, after = grad.split((_BAYAR_FREE_WEIGHTS // 2, 1, _BAYAR_FREE_WEIGHTS // 2), dim=-1)
        # Without the center, which is no weight's and where k is -1. A total that is held is a constant.
        along = ((grad * kernel).sum(dim=-1, keepdim=True) + centre).masked_fill_(held, 0)
        return torch.cat([before, after], dim=-1).sub_(along).div_(total)


def _held_sum(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of each filter's weights ``(..., 1)``, held at a distance from 0, and where it is held."""
    total = weight.sum(dim=-1, keepdim=True)
    held = total.abs() < _BAYAR_EPS
    return torch.where(held, torch.full_like(total, _BAYAR_EPS).copysign(total), total), held


class FixedConv(LinearExtractor):
    """Convolution with a constant kernel: the inference form of the others.

    Args:
        kernel: ``(C', C, k, k)`` of an odd size k; kept as a buffer.
    """

    def __init__(self, kernel: Tensor) -> None:
        super().__init__()
        # The order in memory in which it is added to others and convolved with.
        self.register_buffer('weight', kernel.detach().clone(memory_format=torch.channels_last))

    def kernel(self) -> Tensor:
        """The kernel, ``(C', C, k, k)``."""
        return self.weight

    def inference_form(self) -> 'FixedConv':
        """Itself."""
        return self


class DepthwiseNoise(NoiseExtractor):
    """Learnable depthwise residual filters, then 1x1 convolution, norm and ReLU.

    The filters are kept kind by kind, not channel by channel as in the authors' checkpoints: a depthwise convolution
    with one filter per channel has a fast kernel in every library, one with three has not.

    Args:
        channels: Channels C in and out.
        kernels: The filters ``(k, k)`` that every channel starts with, one per kind.
        clip: Clip the residuals to [-clip, clip]. Default: None.
        norm_cfg: Norm layer of the 1x1 convolution. Default: ``dict(type='BN')``.
        with_cp: Compute the residuals, three feature maps, again for the gradient. Default: False.
    """

    def __init__(
        self,
        channels: int,
        kernels: tuple[Tensor, ...],
        clip: float | None = None,
        norm_cfg: dict | None = None,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.clip = clip
        self.with_cp = with_cp
        self.filters = nn.Parameter(torch.stack(kernels)[:, None, None].repeat(1, channels, 1, 1, 1))
        self.project = ConvModule(
            len(kernels) * channels, channels, 1, bias=False, norm_cfg=norm_cfg or dict(type='BN')
        )

    def residuals(self, x: Tensor) -> Tensor:
        """The residuals of ``(B, C, H, W)`` by each kind of filter, one kind after the other, ``(B, 3C, H, W)``."""
        padding, channels = self.filters.shape[-1] // 2, x.shape[1]
        residuals = torch.cat([F.conv2d(x, kind, padding=padding, groups=channels) for kind in self.filters], dim=1)
        # In place: no gradient needs the residuals before, which are three feature maps.
        return residuals if self.clip is None else F.hardtanh(residuals, -self.clip, self.clip, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Extract the noise of ``(B, C, H, W)``."""
        features = recompute(self.with_cp, lambda x: self.project.conv(self.residuals(x)), x)
        return self.project.activate(self.project.norm(features))

    @classmethod
    def build(cls, channels: int, norm_cfg: dict | None, with_cp: bool) -> 'DepthwiseNoise':
        """Build an expert of C channels."""
        # Each subclass has its kernels.
        return cls(channels, norm_cfg=norm_cfg, with_cp=with_cp)  # type: ignore[call-arg]


class SRMConv(DepthwiseNoise):
    """Three 5x5 filters per channel, started at the SRM kernels, clipped to [-3, 3]."""

    def __init__(self, channels: int, norm_cfg: dict | None = None, with_cp: bool = False) -> None:
        super().__init__(channels, SRM_KERNELS, clip=3.0, norm_cfg=norm_cfg, with_cp=with_cp)


class HFConv(DepthwiseNoise):
    """Three 3x3 filters per channel, started as first-order differences (high-pass)."""

    def __init__(self, channels: int, norm_cfg: dict | None = None, with_cp: bool = False) -> None:
        super().__init__(channels, HIGH_PASS_KERNELS, norm_cfg=norm_cfg, with_cp=with_cp)


# By the name that configs and checkpoints have, in the order of the authors' checkpoints.
EXTRACTORS: dict[str, type[NoiseExtractor]] = dict(cd=CDConv, bayar=BayarConv, srm=SRMConv, hf=HFConv)
