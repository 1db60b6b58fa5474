"""The parts of the model that are computed by algebra, as they read: plain, slow, obviously right.

Each takes the module whose parameters it uses. They are oracles of the tests, and make up the plain form of the speed
benchmark.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, blocked: Tensor | None = None) -> Tensor:
    """Multi-head attention that projects everything."""
    d = query.shape[-1] // module.num_heads
    q, k, v = (
        proj(x).unflatten(-1, (module.num_heads, d)).transpose(1, 2)
        for proj, x in ((module.q_proj, query), (module.k_proj, key), (module.v_proj, value))
    )
    scores = q @ k.transpose(-1, -2) / d**0.5
    if blocked is not None:
        scores = scores.masked_fill(blocked[:, None], -1e8)
    return module.out_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))


def up_sampler(module: nn.Module, pixels: Tensor, size: tuple[int, int], new_size: tuple[int, int]) -> Tensor:
    """UP in the order of the authors: the second 1x1 convolution after the resize."""
    x = module.act(module.norm1(module.expand(pixels)))
    x = x.transpose(1, 2).unflatten(2, size)
    x = F.interpolate(x, size=new_size, mode='bilinear', align_corners=False).flatten(2).transpose(1, 2)
    return module.act(module.norm2(module.reduce(x)))


def cd_conv(module: nn.Module, x: Tensor) -> Tensor:
    """Convolution minus theta times the 1x1 convolution with the summed kernel."""
    weight = module.conv.weight
    return F.conv2d(x, weight, padding=1) - module.theta * F.conv2d(x, weight.sum((2, 3), keepdim=True))


def depthwise_noise(module: nn.Module, x: Tensor) -> Tensor:
    """Three filters per channel by one grouped convolution, in the order (channel, kind)."""
    kinds, channels = module.filters.shape[:2]
    filters = module.filters.transpose(0, 1).flatten(0, 1)
    residuals = F.conv2d(x, filters, padding=filters.shape[-1] // 2, groups=channels)
    if module.clip is not None:
        residuals = F.hardtanh(residuals, -module.clip, module.clip, inplace=True)
    weight = module.project.conv.weight.unflatten(1, (kinds, channels)).transpose(1, 2).flatten(1, 2)
    return module.project.activate(module.project.norm(F.conv2d(residuals, weight)))


def bayar_kernel(weight: Tensor) -> Tensor:
    """The constrained kernels ``(C, C, 5, 5)`` of weights ``(C, C, 24)``, by autograd alone."""
    total = weight.sum(dim=-1, keepdim=True)
    total = torch.where(total.abs() < 1e-2, torch.full_like(total, 1e-2).copysign(total), total)
    before, after = (weight / total).split(12, dim=-1)
    return torch.cat([before, -torch.ones_like(total), after], dim=-1).unflatten(-1, (5, 5))
