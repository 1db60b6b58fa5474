"""Mixture-of-Noises Module (Sec. III-C)."""

from collections.abc import Iterable, Sequence

import torch
from mmengine.model import BaseModule, ModuleList
from mmseg.registry import MODELS
from torch import Tensor

from ...utils.state_dicts import keep_settings
from ..layers import MoNE, check_channels
from ..layers.mone import EXPERTS
from ..losses import importance_loss


class NoiseCues(tuple):
    """Cues r_i ``(B, C_i, H_i, W_i)`` of all levels, finest first; a tuple, so that any head takes them.

    Attributes:
        gates: Gate values G ``(B, L, E)`` of L levels and E experts; None without a gate.
    """

    def __new__(cls, cues: Iterable[Tensor], gates: Tensor | None = None) -> 'NoiseCues':
        self = super().__new__(cls, cues)
        self.gates = gates
        return self


@MODELS.register_module()
class MixtureOfNoises(BaseModule):
    """Four MoNE, one for each level of the backbone: ``r_i = MoNE_i(f_i)``.

    Args:
        in_channels: Channels of the levels, finest first.
        experts: Noise experts of every level, see :class:`MoNE`. Fig. 7(a) varies their number; the
            paper does not say which ones it leaves out.
        top_k: Experts kept per sample. Default: None, all of them (the paper's k = 4).
        num_shared_experts: Shared experts (Table VIII). Default: None, 1 for 'mone', else 0.
        fusion: 'mone', 'moe', 'add' or 'cat' (Table IX). Default: 'mone'.
        loss_importance_weight: w_im of Eq. 12; 0 leaves the loss out (Table X). Default: 0.1.
        residual: Return ``f_i + r_i``, so that the neck serves any mmseg head in a plain ``EncoderDecoder``.
            Such a segmentor calls :meth:`forward` only, so it trains without importance loss. Default: False.
        norm_cfg: Norm layer of the SRM and HF experts. Default: None, which is BN.
        with_cp: Activation checkpointing: compute the residuals of the SRM and HF experts again for the
            gradient, which takes less memory and more time. Default: False.
        init_cfg: Initialization config. Default: None.

    Raises:
        ValueError: If a switch has a value that is not listed, or top_k exceeds the number of experts.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        experts: Sequence[str] = EXPERTS,
        top_k: int | None = None,
        num_shared_experts: int | None = None,
        fusion: str = 'mone',
        loss_importance_weight: float = 0.1,
        residual: bool = False,
        norm_cfg: dict | None = None,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if loss_importance_weight < 0:
            raise ValueError(f'loss_importance_weight must be >= 0, but got {loss_importance_weight}.')
        self.in_channels = list(in_channels)
        self.experts = tuple(experts)
        self.loss_importance_weight = loss_importance_weight
        self.residual = residual
        self.levels = ModuleList(
            MoNE(
                channels,
                experts=experts,
                top_k=top_k,
                num_shared_experts=num_shared_experts,
                fusion=fusion,
                norm_cfg=norm_cfg,
                with_cp=with_cp,
            )
            for channels in in_channels
        )
        self.top_k = len(experts) if top_k is None else top_k
        keep_settings(self)

    @property
    def answer_settings(self) -> dict:
        """Switches that change what the weights mean, and no shape."""
        return {name: getattr(self, name) for name in ('experts', 'top_k', 'residual')}

    def forward(self, feats: Sequence[Tensor]) -> NoiseCues:
        """Noise cues of all levels.

        Args:
            feats: Features f_i ``(B, C_i, H_i, W_i)``, finest first.

        Returns:
            Cues r_i (or ``f_i + r_i``) of the same shapes, with the gate values.

        Raises:
            ValueError: If the features do not have the channels of the config.
        """
        check_channels(feats, self.in_channels, 'MixtureOfNoises', 'neck')
        cues, gates = zip(*[level(feat) for level, feat in zip(self.levels, feats)])
        if self.residual:
            cues = [feat + cue for feat, cue in zip(feats, cues)]
        return NoiseCues(cues, None if gates[0] is None else torch.stack(gates, dim=1))

    def loss(self, feats: Sequence[Tensor]) -> tuple[NoiseCues, dict[str, Tensor]]:
        """Cues as in :meth:`forward`, and the terms ``loss_importance_i`` of Eq. 13."""
        cues = self(feats)
        if not self.loss_importance_weight or cues.gates is None:
            return cues, {}
        return cues, {
            f'loss_importance_{i}': importance_loss(gate, self.loss_importance_weight)
            for i, gate in enumerate(cues.gates.unbind(dim=1))
        }
