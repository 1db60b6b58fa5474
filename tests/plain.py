"""Plain, slow, obviously right forms of what the package computes by algebra: the oracles of the tests."""

import torch
import torch.nn.functional as F

from monfap_mm.deployment.speed.plain import attention, cd_conv, depthwise_noise, up_sampler

__all__ = ['attention', 'bayar_conv', 'cd_conv', 'depthwise_noise', 'mone', 'up_sampler']


def bayar_conv(module, x):
    """Kernel by kernel: 24 weights divided by their sum, -1 put in the centre."""
    kernels = []
    for free in module.weight.flatten(0, 1):
        free = free / free.sum()
        kernels.append(torch.cat([free[:12], -free.new_ones(1), free[12:]]).view(5, 5))
    kernel = torch.stack(kernels).view(*module.weight.shape[:2], 5, 5)
    return F.conv2d(x, kernel, padding=2)


def mone(module, x, gates):
    """Eq. 10, sample by sample and expert by expert (eval mode)."""
    plain = dict(cd=cd_conv, bayar=bayar_conv, srm=depthwise_noise, hf=depthwise_noise)
    rows = []
    for sample, gate in zip(x.split(1), gates):
        y = sum(conv(sample) for conv in module.shared_experts)
        for weight, (name, expert) in zip(gate, module.experts.items()):
            y = y + weight * plain[name](expert, sample)
        rows.append(y)
    return torch.cat(rows)
