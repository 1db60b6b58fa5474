"""The whole model, written as a careful first implementation would: what the speed benchmark compares with.

Expert by expert (the central difference as two convolutions, three filters per channel as one grouped convolution),
image by image through FUP, with keys, values and queries of every pixel, and UP in the authors' order. Parameters and
results are those of the package.
"""

import copy

import torch
from mmpretrain.models.utils.norm import GRN, LayerNorm2d
from torch import nn

from ...models import FUPHead, MoNFAP
from ...models.backbones.convnext_v2 import ChannelsLastLayerNorm2d, ReassociatedGRN
from ...models.layers import MoNE, UpSampler
from ...models.layers.noise_extractors import BayarConv, HFConv, SRMConv
from ...models.layers.two_token_attention import ImageToTokenAttention, TokenToImageAttention
from . import plain


class PlainMoNE(MoNE):
    """Eq. 10, one convolution per expert."""

    def forward(self, x):
        if self.fusion == 'cat':
            return super().forward(x)
        gates = self.gate(x) if self.gate is not None else None
        weights = x.new_ones(len(x), len(self.experts)) if gates is None else gates.to(x.dtype)
        y = sum(conv(x) for conv in self.shared_experts)
        for weight, (name, expert) in zip(weights.unbind(dim=1), self.experts.items()):
            y = y + weight[:, None, None, None] * (plain.cd_conv(expert, x) if name == 'cd' else expert(x))
        return y, gates


class PlainBayarConv(BayarConv):
    """The constraint by autograd alone."""

    def kernel(self):
        return plain.bayar_kernel(self.weight)


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


class PlainMoNFAP(MoNFAP):
    """Feature maps as the backbone leaves them."""

    def extract_feat(self, inputs):
        feats = self.backbone(inputs)
        return feats if self.projection is None else self.projection(feats)


PLAIN = {
    plain_class.__base__: plain_class
    for plain_class in (
        PlainMoNE,
        PlainBayarConv,
        PlainSRMConv,
        PlainHFConv,
        PlainTokenToImageAttention,
        PlainImageToTokenAttention,
        PlainUpSampler,
        PlainFUPHead,
        PlainMoNFAP,
    )
} | {ChannelsLastLayerNorm2d: LayerNorm2d, ReassociatedGRN: GRN}


def has_plain_form(model: nn.Module) -> bool:
    """Whether any part of the model is written out here."""
    return any(type(module) in PLAIN for module in model.modules())


def plain_twin(model: nn.Module) -> nn.Module:
    """A second model in the plain form, with a copy of the parameters under the same names."""
    return _plain(copy.deepcopy(model))


def _plain(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        module.register_module(name, _plain(child))
    plain_class = PLAIN.get(type(module))
    if plain_class is None:
        return module
    twin = plain_class.__new__(plain_class)
    twin.__dict__.update(module.__dict__)
    return twin
