"""Plain, slow, obviously right forms of what the package computes by algebra: the oracles of the tests."""

import torch
import torch.nn.functional as F


def attention(module, query, key, value, blocked=None):
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


def up_sampler(module, pixels, size, new_size):
    """UP in the order of the authors: the second 1x1 convolution after the resize."""
    x = module.act(module.norm1(module.expand(pixels)))
    x = x.transpose(1, 2).unflatten(2, size)
    x = F.interpolate(x, size=new_size, mode='bilinear', align_corners=False).flatten(2).transpose(1, 2)
    return module.act(module.norm2(module.reduce(x)))


def cd_conv(module, x):
    """Convolution minus theta times the 1x1 convolution with the summed kernel."""
    weight = module.conv.weight
    return F.conv2d(x, weight, padding=1) - module.theta * F.conv2d(x, weight.sum((2, 3), keepdim=True))


def bayar_conv(module, x):
    """Kernel by kernel: 24 weights divided by their sum, -1 put in the centre."""
    kernels = []
    for free in module.weight.flatten(0, 1):
        free = free / free.sum()
        kernels.append(torch.cat([free[:12], -free.new_ones(1), free[12:]]).view(5, 5))
    kernel = torch.stack(kernels).view(*module.weight.shape[:2], 5, 5)
    return F.conv2d(x, kernel, padding=2)


def depthwise_noise(module, x):
    """Three filters a channel by one grouped convolution, in the order (channel, kind)."""
    kinds, channels = module.filters.shape[:2]
    filters = module.filters.transpose(0, 1).flatten(0, 1)
    residuals = F.conv2d(x, filters, padding=filters.shape[-1] // 2, groups=channels)
    if module.clip is not None:
        residuals = F.hardtanh(residuals, -module.clip, module.clip, inplace=True)
    weight = module.project.conv.weight.unflatten(1, (kinds, channels)).transpose(1, 2).flatten(1, 2)
    return module.project.activate(module.project.norm(F.conv2d(residuals, weight)))


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
