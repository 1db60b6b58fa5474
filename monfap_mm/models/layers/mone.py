"""Mixture of Noise Extractors, one level of the Mixture-of-Noises Module (Eq. 10, Fig. 4b)."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..ops import Foldable, mixed_conv2d
from .gating import NoisyTopKGate, check_top_k
from .noise_extractors import EXTRACTORS, LinearExtractor

EXPERTS = tuple(EXTRACTORS)
FUSIONS = ('mone', 'moe', 'add', 'cat')
MAX_SHARED_EXPERTS = 3


class MoNE(BaseModule):
    """``y = sum_n G(x)_n NE_n(x) + SE(x)`` (Eq. 10).

    Args:
        channels: Channels C in and out.
        experts: One or more of 'cd', 'bayar', 'srm', 'hf', each at most once. The gate values come
            in this order. The default is the order of the authors' checkpoints; the paper numbers them HF, SRM,
            Bayar, CD.
        top_k: Experts that the gate keeps per sample. Default: None, all of them (the paper's k = 4).
        num_shared_experts: Number of 3x3 convolutions that see every sample (Table VIII), summed,
            0 to 3. Default: None, which is 1 for fusion 'mone' and 0 for the others.
        fusion: Table IX. 'mone': gated sum and shared expert. 'moe': gated sum alone. 'add': plain sum.
            'cat': concatenation and a 1x1 convolution from ``len(experts) * C`` to C. 'add' and 'cat' have no gate.
            Default: 'mone'.
        norm_cfg: Norm layer of the SRM and HF experts. Default: None, which is BN.
        with_cp: Compute the residuals of the SRM and HF experts again for the gradient. Default: False.

    Raises:
        ValueError: If a switch has a value that is not listed above.
    """

    def __init__(
        self,
        channels: int,
        experts: Sequence[str] = EXPERTS,
        top_k: int | None = None,
        num_shared_experts: int | None = None,
        fusion: str = 'mone',
        norm_cfg: dict | None = None,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        top_k = len(experts) if top_k is None else top_k
        num_shared_experts = _check(experts, top_k, num_shared_experts, fusion)
        self.fusion = fusion
        self.experts = nn.ModuleDict({name: EXTRACTORS[name].build(channels, norm_cfg, with_cp) for name in experts})
        self.shared_experts = SharedExperts(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(num_shared_experts)
        )
        self.gate = NoisyTopKGate(channels, len(experts), top_k) if fusion in ('mone', 'moe') else None
        if fusion == 'cat':
            self.merge = ConvModule(len(experts) * channels, channels, 1, act_cfg=None)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Extract the noise of one level.

        Args:
            x: Features ``(B, C, H, W)``.

        Returns:
            Noise cues r ``(B, C, H, W)``, and the gate values ``(B, E)`` in fp32
            (None for the fusions without gate).
        """
        if self.fusion == 'cat':
            return self.merge(torch.cat([expert(x) for expert in self.experts.values()], dim=1)), None
        gates = self.gate(x) if self.gate is not None else None
        weights = x.new_ones(x.shape[0], len(self.experts)) if gates is None else gates.to(x.dtype)
        linear, nonlinear = [], []
        for expert, weight in zip(self.experts.values(), weights.unbind(dim=1)):
            (linear if isinstance(expert, LinearExtractor) else nonlinear).append((expert, weight))
        y = self._linear_terms(x, linear)
        for expert, weight in nonlinear:
            y = torch.addcmul(y, expert(x), weight[:, None, None, None])
        return y, gates

    def _linear_terms(self, x: Tensor, linear: Sequence[tuple[LinearExtractor, Tensor]]) -> Tensor:
        """The shared experts, and those experts with their weights ``(B,)`` that are convolutions."""
        terms = [(expert.kernel(), weight) for expert, weight in linear]
        if self.shared_experts:
            terms.insert(0, (self.shared_experts.kernel(), x.new_ones(x.shape[0])))
        if not terms:
            return x.new_zeros(1)
        kernels, weights = zip(*terms)
        return mixed_conv2d(x, kernels, torch.stack(weights, dim=1))


class SharedExperts(Foldable, nn.ModuleList):
    """Convolutions whose results are summed, which makes them one: ``sum_s conv(x, K_s) = conv(x, sum_s K_s)``."""

    def kernel(self) -> Tensor:
        """The sum of the kernels, ``(C, C, 3, 3)``."""
        return sum(conv.weight for conv in self)

    def inference_form(self) -> 'SharedExperts':
        """As a single convolution."""
        if len(self) <= 1:
            return self
        first = self[0]
        single = nn.Conv2d(first.in_channels, first.out_channels, first.kernel_size, padding=first.padding, bias=False)
        single.weight = nn.Parameter(self.kernel().detach())
        return SharedExperts([single])


def _check(experts: Sequence[str], top_k: int, num_shared_experts: int | None, fusion: str) -> int:
    """Check the switches and return the number of shared experts."""
    if fusion not in FUSIONS:
        raise ValueError(f'fusion must be one of {FUSIONS}, but got {fusion!r}.')
    unknown = [name for name in experts if name not in EXPERTS]
    if unknown or not experts or len(set(experts)) < len(experts):
        raise ValueError(f'experts must name one to four of {EXPERTS}, each once, but got {tuple(experts)}.')
    check_top_k(top_k, len(experts))
    if num_shared_experts is None:
        num_shared_experts = 1 if fusion == 'mone' else 0
    if not 0 <= num_shared_experts <= MAX_SHARED_EXPERTS:
        raise ValueError(f'num_shared_experts must be 0 to {MAX_SHARED_EXPERTS}, but got {num_shared_experts}.')
    if num_shared_experts and fusion != 'mone':
        raise ValueError(
            f'fusion={fusion!r} has no shared expert, but num_shared_experts={num_shared_experts}: leave it out.'
        )
    return num_shared_experts
