"""Mixture of Noise Extractors, one level of the Mixture-of-Noises Module (Eq. 10, Fig. 4b)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, fuse_conv_bn
from mmengine.model import BaseModule
from torch import Tensor, nn

from .gating import NoisyTopKGate, check_top_k
from .noise_extractors import BayarConv, CDConv, DepthwiseNoise, FixedConv, HFConv, SRMConv
from .winograd import wide_conv2d

EXPERTS = ('cd', 'bayar', 'srm', 'hf')
FUSIONS = ('mone', 'moe', 'add', 'cat')
MAX_SHARED_EXPERTS = 3
# Measured on CPU: one convolution a sample is 1.2 to 2.4 times as fast up to a ratio of 4, and slower at 31.
_MAX_KERNEL_TO_FEATURES = 8


class MoNE(BaseModule):
    """``y = sum_n G(x)_n NE_n(x) + SE(x)`` (Eq. 10).

    Args:
        channels (int): Channels C in and out.
        experts (Sequence[str]): One to four of 'cd', 'bayar', 'srm', 'hf', each at most once. The gate values come
            in this order. The default is the order of the authors' checkpoints; the paper numbers them HF, SRM,
            Bayar, CD.
        top_k (int): Experts that the gate keeps a sample. Default: 4.
        num_shared_experts (int, optional): Number of 3x3 convolutions that see every sample (Table VIII), summed,
            0 to 3. Default: None, which is 1 for fusion 'mone' and 0 for the others.
        fusion (str): Table IX. 'mone': gated sum and shared expert. 'moe': gated sum alone. 'add': plain sum.
            'cat': concatenation and a 1x1 convolution from ``len(experts) * C`` to C. 'add' and 'cat' have no gate.
            Default: 'mone'.
        norm_cfg (dict, optional): Norm layer of the SRM and HF experts. Default: None, which is BN.
        with_cp (bool): Compute the residuals of the SRM and HF experts again for the gradient. Default: False.

    Raises:
        ValueError: If a switch has a value that is not listed above.
    """

    def __init__(
        self,
        channels: int,
        experts: Sequence[str] = EXPERTS,
        top_k: int = 4,
        num_shared_experts: int | None = None,
        fusion: str = 'mone',
        norm_cfg: dict | None = None,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        num_shared_experts = _check(experts, top_k, num_shared_experts, fusion)
        self.fusion = fusion
        build = dict(
            cd=lambda: CDConv(channels),
            bayar=lambda: BayarConv(channels),
            srm=lambda: SRMConv(channels, norm_cfg=norm_cfg, with_cp=with_cp),
            hf=lambda: HFConv(channels, norm_cfg=norm_cfg, with_cp=with_cp),
        )
        self.experts = nn.ModuleDict({name: build[name]() for name in experts})
        self.shared_experts = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(num_shared_experts)
        )
        self.gate = NoisyTopKGate(channels, len(experts), top_k) if fusion in ('mone', 'moe') else None
        if fusion == 'cat':
            self.merge = ConvModule(len(experts) * channels, channels, 1, act_cfg=None)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Extract the noise of one level.

        Args:
            x (Tensor): Features ``(B, C, H, W)``.

        Returns:
            tuple[Tensor, Tensor | None]: Noise cues r ``(B, C, H, W)``, and the gate values ``(B, E)`` in fp32
            (None for the fusions without gate).
        """
        if self.fusion == 'cat':
            return self.merge(torch.cat([expert(x) for expert in self.experts.values()], dim=1)), None
        gates = self.gate(x) if self.gate is not None else None
        weights = x.new_ones(x.shape[0], len(self.experts)) if gates is None else gates.to(x.dtype)

        kernels = [conv.weight for conv in self.shared_experts]
        kernel_weights = [weights.new_ones(x.shape[0]) for _ in kernels]
        nonlinear = []
        for expert, weight in zip(self.experts.values(), weights.unbind(dim=1)):
            if hasattr(expert, 'kernel'):
                kernels.append(expert.kernel())
                kernel_weights.append(weight)
            else:
                nonlinear.append((expert, weight[:, None, None, None]))
        cues = mixed_conv2d(x, kernels, torch.stack(kernel_weights, dim=1)) if kernels else x.new_zeros(1)
        for expert, weight in nonlinear:
            cues = torch.addcmul(cues, expert(x), weight)
        return cues, gates

    @torch.no_grad()
    def to_inference(self) -> None:
        """Fold what is constant once training is over; there is no way back.

        The experts take their inference forms, several shared experts become one (``sum_s conv(x, K_s) =
        conv(x, sum_s K_s)``), and the batch norm of fusion 'cat' merges into its convolution.
        """
        for name, expert in self.experts.items():
            if isinstance(expert, DepthwiseNoise):
                expert.to_inference()
            else:
                self.experts[name] = FixedConv(expert.kernel())
        if len(self.shared_experts) > 1:
            self.shared_experts[0].weight.copy_(sum(conv.weight for conv in self.shared_experts))
            self.shared_experts = self.shared_experts[:1]
        if self.fusion == 'cat':
            fuse_conv_bn(self.merge)


def mixed_conv2d(x: Tensor, kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """``sum_n weights[b, n] * conv(x[b], kernels[n])``, where it pays as one convolution a sample.

    A convolution is linear in its kernel, so the kernels can be added first (smaller ones padded with zeros) and each
    sample convolved once with its own sum. That saves two of three convolutions and costs a kernel a sample, so it is
    done for a single sample, and for several while a kernel is not much larger than the features it is applied to.

    Args:
        x (Tensor): Features ``(B, C, H, W)``.
        kernels (Sequence[Tensor]): Kernels ``(C', C, k, k)`` of odd sizes k.
        weights (Tensor): Weights ``(B, len(kernels))``.

    Returns:
        Tensor: ``(B, C', H, W)``.
    """
    B, C, H, W = x.shape
    size = max(kernel.shape[-1] for kernel in kernels)
    # A graph that is exported must hold for any batch, which is the number of convolutions below.
    if (
        len(kernels) == 1
        or torch.compiler.is_exporting()
        or (B > 1 and size * size * C > _MAX_KERNEL_TO_FEATURES * H * W)
    ):
        return _sum_of_convs(x, kernels, weights)
    if x.device.type == 'cpu':
        # As fast as the groups below, and its result is channels last in memory.
        samples = zip(x.split(1), weights.split(1))
        return torch.cat([wide_conv2d(sample, MixedKernel(kernels, own)) for sample, own in samples])
    mixed = mix_kernels(kernels, weights).to(x.dtype)
    y = F.conv2d(x.reshape(1, B * C, H, W), mixed.flatten(0, 1), padding=size // 2, groups=B)
    return y.view(B, -1, H, W)


class MixedKernel:
    """:func:`mix_kernels` of one sample, some output channels at a time: the whole can be larger than all caches.

    Args:
        kernels (Sequence[Tensor]): Kernels ``(C', C, k, k)`` of odd sizes k.
        weights (Tensor): Weights ``(1, len(kernels))``.
    """

    def __init__(self, kernels: Sequence[Tensor], weights: Tensor) -> None:
        self._kernels, self._weights = kernels, weights
        largest = max(kernels, key=lambda kernel: kernel.shape[-1])
        self.shape, self.dtype = largest.shape, largest.dtype

    def __getitem__(self, outputs: slice) -> Tensor:
        """The mixed kernels ``(c, C, k, k)`` of some output channels."""
        return mix_kernels([kernel[outputs] for kernel in self._kernels], self._weights)[0]


def mix_kernels(kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """``sum_n weights[b, n] kernels[n]``, smaller kernels in the centre of the largest.

    Args:
        kernels (Sequence[Tensor]): Kernels ``(C', C, k, k)`` of odd sizes k.
        weights (Tensor): Weights ``(B, len(kernels))``.

    Returns:
        Tensor: ``(B, C', C, k, k)`` of the largest k.
    """
    first, *others = sorted(range(len(kernels)), key=lambda n: -kernels[n].shape[-1])
    weights = weights.to(kernels[first].dtype)[..., None, None, None, None]
    mixed = weights[:, first] * kernels[first]
    size = mixed.shape[-1]
    for n in others:
        margin = (size - kernels[n].shape[-1]) // 2
        mixed[..., margin : size - margin, margin : size - margin].addcmul_(kernels[n], weights[:, n])
    return mixed


def _sum_of_convs(x: Tensor, kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """:func:`mixed_conv2d` as it reads."""
    y = x.new_zeros(1)
    for kernel, weight in zip(kernels, weights.unbind(dim=1)):
        y = torch.addcmul(y, wide_conv2d(x, kernel.to(x.dtype)), weight[:, None, None, None])
    return y


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
