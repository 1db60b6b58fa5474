"""The noisy top-k gate of MoNE (Eq. 7, 9, 11)."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class NoisyTopKGate(BaseModule):
    """Weighs the experts by the global average of a feature map.

    ``H(x) = F_g(avg(x))``, in training ``+ SN() * softplus(F_noise(avg(x)) + 1e-2)`` (Eq. 11); the k largest are
    kept (Eq. 9) and go through a softmax (Eq. 7). Autocast does not reach it, so it is computed in fp32, the type of
    its weights.

    Args:
        channels: Channels C of the features.
        num_experts: Number of experts E.
        top_k: Experts kept per sample, 1 <= top_k <= num_experts.

    Raises:
        ValueError: If top_k is out of range.
    """

    def __init__(self, channels: int, num_experts: int, top_k: int) -> None:
        super().__init__()
        check_top_k(top_k, num_experts)
        self.top_k = top_k
        self.fc = nn.Linear(channels, num_experts)
        self.noise = nn.Linear(channels, num_experts, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Gate values ``(B, E)`` of features ``(B, C, H, W)``; each row sums to 1, dropped experts have 0."""
        with torch.autocast(x.device.type, enabled=False):
            pooled = x.to(self.fc.weight.dtype).mean(dim=(2, 3))
            logits = self.fc(pooled)
            if self.training:
                logits = logits + torch.randn_like(logits) * F.softplus(self.noise(pooled) + 1e-2)
            if self.top_k == logits.shape[1]:
                return logits.softmax(dim=1)
            best, index = logits.topk(self.top_k, dim=1)
            return torch.zeros_like(logits).scatter(1, index, best.softmax(dim=1))


def check_top_k(top_k: int, num_experts: int) -> None:
    """Raise ValueError unless 1 <= top_k <= num_experts."""
    if not 1 <= top_k <= num_experts:
        raise ValueError(f'top_k must be between 1 and the number of experts ({num_experts}), but got {top_k}.')
