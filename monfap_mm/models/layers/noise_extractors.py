"""The four noise extractors that are the experts of MoNE (Sec. III-C 2): HF, SRM, Bayar and CD convolution.

CD and Bayar convolutions are linear in their input, so they offer their kernel (:meth:`kernel`) and MoNE adds the
kernels of a sample before it convolves once. SRM and HF convolutions have a non-linearity and are ordinary modules.
All map ``(B, C, H, W)`` to ``(B, C, H, W)``, and each has ``to_inference()``, which returns a module of the same result
to rounding whose constants are folded.
"""

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, fuse_conv_bn
from mmengine.model import BaseModule
from torch import Tensor, nn

_BAYAR_FREE_WEIGHTS = 24
# The smallest sum to divide by: large enough for the kernel to fit into fp16.
_BAYAR_EPS = 1e-2
# Measured on CPU: 1.2 to 3.1 times as fast from 40 to 160 channels, about even at 256, slower from 320.
_MAX_CHANNELS_OF_DENSE_HF = 160

# SRM residual filters of Fridrich & Kodovsky: KB / 4, KV / 12, second-order horizontal / 2.
_SRM_KERNELS = (
    torch.tensor([[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]]) / 4,
    torch.tensor([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])
    / 12,
    torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]) / 2,
)
# First-order differences to the pixel below, to the right, and below right.
_HIGH_PASS_KERNELS = (
    torch.tensor([[0.0, 0, 0], [0, -1, 0], [0, 1, 0]]),
    torch.tensor([[0.0, 0, 0], [0, -1, 1], [0, 0, 0]]),
    torch.tensor([[0.0, 0, 0], [0, -1, 0], [0, 0, 1]]),
)


class CDConv(BaseModule):
    """Central difference convolution, ``y = conv(x) - theta * (sum of the 3x3 kernel) x``.

    Args:
        channels (int): Channels C in and out.
        theta (float): Weight of the central difference, 0 for a plain convolution. Default: 0.7.
    """

    def __init__(self, channels: int, theta: float = 0.7) -> None:
        super().__init__()
        self.theta = theta
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def kernel(self) -> Tensor:
        """The equivalent 3x3 kernel, ``(C, C, 3, 3)``: the difference only changes the centre."""
        weight = self.conv.weight
        centre = self.theta * weight.sum(dim=(2, 3), keepdim=True)
        return weight - F.pad(centre, (1, 1, 1, 1))

    def to_inference(self) -> 'FixedConv':
        """Convolution with the kernel as it is now."""
        return FixedConv(self.kernel())

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(B, C, H, W)``."""
        return F.conv2d(x, self.kernel(), padding=1)


class BayarConv(BaseModule):
    """Constrained 5x5 convolution: the centre is -1 and the 24 weights around it sum to 1.

    Departure from the authors' code, which overwrites the stored weights with the normalised ones at each forward:
    here the division is part of the graph, so a forward pass changes nothing and the gradient is exact. The outputs
    are the same.

    Args:
        channels (int): Channels C in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(channels, channels, _BAYAR_FREE_WEIGHTS))

    def kernel(self) -> Tensor:
        """The constrained kernel, ``(C, C, 5, 5)``, in fp32. A sum near 0 is held at +-1e-2."""
        weight = self.weight.float() if self.weight.dtype in (torch.half, torch.bfloat16) else self.weight
        total = weight.sum(dim=-1, keepdim=True)
        total = torch.where(total.abs() < _BAYAR_EPS, torch.full_like(total, _BAYAR_EPS).copysign(total), total)
        before, after = (weight / total).split(_BAYAR_FREE_WEIGHTS // 2, dim=-1)
        centre = -torch.ones_like(total)
        return torch.cat([before, centre, after], dim=-1).unflatten(-1, (5, 5))

    def to_inference(self) -> 'FixedConv':
        """Convolution with the kernel as it is now."""
        return FixedConv(self.kernel())

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(B, C, H, W)``."""
        return F.conv2d(x, self.kernel().to(x.dtype), padding=2)


class FixedConv(BaseModule):
    """Convolution with a constant kernel: the inference form of :class:`CDConv` and :class:`BayarConv`.

    Args:
        kernel (Tensor): ``(C', C, k, k)`` of an odd size k; kept as a buffer.
    """

    def __init__(self, kernel: Tensor) -> None:
        super().__init__()
        self.register_buffer('weight', kernel.detach().clone())

    def kernel(self) -> Tensor:
        """The kernel, ``(C', C, k, k)``."""
        return self.weight

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(B, C, H, W)``."""
        return F.conv2d(x, self.weight.to(x.dtype), padding=self.weight.shape[-1] // 2)


class DepthwiseNoise(BaseModule):
    """Learnable depthwise residual filters, then 1x1 convolution, norm and ReLU.

    Args:
        channels (int): Channels C in and out.
        kernels (Sequence[Tensor]): The filters ``(k, k)`` that every channel starts with.
        clip (float, optional): Clip the residuals to [-clip, clip]. Default: None.
        norm_cfg (dict): Norm layer of the 1x1 convolution. Default: ``dict(type='BN')``.
    """

    def __init__(
        self,
        channels: int,
        kernels: tuple[Tensor, ...],
        clip: float | None = None,
        norm_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        self.clip = clip
        self.filters = nn.Parameter(torch.stack(kernels).unsqueeze(1).repeat(channels, 1, 1, 1))
        self.project = ConvModule(len(self.filters), channels, 1, bias=False, norm_cfg=norm_cfg or dict(type='BN'))

    def forward(self, x: Tensor) -> Tensor:
        """Extract the noise of ``(B, C, H, W)``."""
        residuals = F.conv2d(x, self.filters, padding=self.filters.shape[-1] // 2, groups=x.shape[1])
        if self.clip is not None:
            # In place: no gradient needs the residuals before, which are three feature maps.
            residuals = F.hardtanh(residuals, -self.clip, self.clip, inplace=True)
        return self.project(residuals)

    def to_inference(self) -> nn.Module:
        """Merge the batch norm into the 1x1 convolution, in place."""
        fuse_conv_bn(self.project)
        return self


class SRMConv(DepthwiseNoise):
    """Three 5x5 filters a channel, started at the SRM kernels, clipped to [-3, 3]."""

    def __init__(self, channels: int, norm_cfg: dict | None = None) -> None:
        super().__init__(channels, _SRM_KERNELS, clip=3.0, norm_cfg=norm_cfg)


class HFConv(DepthwiseNoise):
    """Three 3x3 filters a channel, started as first-order differences (high-pass)."""

    def __init__(self, channels: int, norm_cfg: dict | None = None) -> None:
        super().__init__(channels, _HIGH_PASS_KERNELS, norm_cfg=norm_cfg)

    def dense_kernel(self) -> Tensor:
        """Filters F and 1x1 convolution W as one kernel ``(C, C, 3, 3)``.

        No clipping stands between them, so ``sum_j W[o, 3c + j] (F[3c + j] * x[c]) = (sum_j W[o, 3c + j] F[3c + j]) *
        x[c]``. More operations, but three times fewer channels between.
        """
        channels = self.project.out_channels
        weight = self.project.conv.weight.view(channels, channels, -1)
        return torch.einsum('ocj,cjkl->ockl', weight, self.filters.unflatten(0, (channels, -1)).squeeze(2))

    @torch.no_grad()
    def to_inference(self) -> nn.Module:
        """Merge the batch norm, and up to 160 channels also the filters, which makes it one 3x3 convolution."""
        super().to_inference()
        channels = self.project.out_channels
        if channels > _MAX_CHANNELS_OF_DENSE_HF:
            return self
        conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(self.filters)
        conv.weight.copy_(self.dense_kernel())
        conv.bias = self.project.conv.bias
        self.project.conv = conv
        return self.project
