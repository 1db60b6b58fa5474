"""The whole model, written as a careful first implementation would: the reference of the speed benchmark.

Expert by expert (the central difference as two convolutions, three filters a channel as one grouped convolution), image
by image through FUP, with keys, values and queries of every pixel, and UP in the authors' order. Parameters and results
are those of the package.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from monfap_mm.models import FUPHead
from monfap_mm.models.layers import MoNE, UpSampler
from monfap_mm.models.layers.noise_extractors import HFConv, SRMConv
from monfap_mm.models.layers.two_token_attention import ImageToTokenAttention, TokenToImageAttention

from . import plain


class PlainMoNE(MoNE):
    """Eq. 10, a convolution an expert."""

    def forward(self, x):
        if self.fusion == 'cat':
            return super().forward(x)
        gates = self.gate(x) if self.gate is not None else None
        weights = x.new_ones(len(x), len(self.experts)) if gates is None else gates.to(x.dtype)
        y = sum(conv(x) for conv in self.shared_experts)
        for weight, (name, expert) in zip(weights.unbind(dim=1), self.experts.items()):
            y = y + weight[:, None, None, None] * (plain.cd_conv(expert, x) if name == 'cd' else expert(x))
        return y, gates


class PlainSRMConv(SRMConv):
    """SRM residuals by one grouped convolution."""

    def forward(self, x):
        return plain.depthwise_noise(self, x)


class PlainHFConv(HFConv):
    """High-pass residuals by one grouped convolution."""

    def forward(self, x):
        return plain.depthwise_noise(self, x)


class PlainTokenToImageAttention(TokenToImageAttention):
    """Eq. 4 and 5 with a key and a value for every pixel."""

    def forward(self, query, key, value, blocked=None):
        return plain.attention(self, query, key, value, blocked)


class PlainImageToTokenAttention(ImageToTokenAttention):
    """Attention with a query for every pixel."""

    def forward(self, query, key, value):
        return plain.attention(self, query, key, value)


class PlainUpSampler(UpSampler):
    """UP in the order of the authors."""

    def forward(self, pixels, size, new_size):
        return plain.up_sampler(self, pixels, size, new_size)


class PlainFUPHead(FUPHead):
    """FUP image by image; the localizer, with its batch norm, sees the batch."""

    def _forward_stages(self, feats, cues, coarse_logits):
        results = []
        for i in range(len(coarse_logits)):
            here = slice(i, i + 1)
            own_cues = None if cues is None else [cue[here] for cue in cues]
            results.append(super()._forward_stages([feat[here] for feat in feats], own_cues, coarse_logits[here]))
        return tuple(map(torch.cat, zip(*results)))


PLAIN = {
    plain_class.__base__: plain_class
    for plain_class in (
        PlainMoNE,
        PlainSRMConv,
        PlainHFConv,
        PlainTokenToImageAttention,
        PlainImageToTokenAttention,
        PlainUpSampler,
        PlainFUPHead,
    )
}


def has_plain_form(model: nn.Module) -> bool:
    """Whether any part of the model is written out here."""
    return any(type(module) in PLAIN for module in model.modules())


@contextmanager
def plainly(model: nn.Module) -> Iterator[nn.Module]:
    """Within the context the model computes in the plain form, with the same parameters."""
    changed = [module for module in model.modules() if type(module) in PLAIN]
    for module in changed:
        module.__class__ = PLAIN[type(module)]
    try:
        yield model
    finally:
        for module in changed:
            module.__class__ = type(module).__base__
