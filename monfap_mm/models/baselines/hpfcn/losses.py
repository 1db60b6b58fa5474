"""Losses of HP-FCN, averaged over all pixels of the batch that count."""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = 255


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Plain cross-entropy of logits ``(B, 2, H, W)`` and labels ``(B, H, W)`` (0, 1, or 255: ignored)."""
    return _mean(_negative_log_likelihood(logits, target), target)


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """``(1 - p_t)^2 * -log p_t``; the gradient goes through the weight, too."""
    loss = _negative_log_likelihood(logits, target)
    return _mean((1 - (-loss).exp()).square() * loss, target)


def balanced_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy, each class weighted by ``mean(count) / count`` of the batch; a batch of one class by 1."""
    counts = torch.stack([(target == label).sum() for label in range(2)]).to(logits.dtype)
    weights = torch.where(counts.amin() > 0, counts.mean() / counts.clamp(min=1), torch.ones_like(counts))
    loss = _negative_log_likelihood(logits, target)
    return _mean(loss * weights[(target == 1).long()], target)


def _negative_log_likelihood(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target, ignore_index=IGNORE, reduction='none')


def _mean(loss: Tensor, target: Tensor) -> Tensor:
    return loss.sum() / (target != IGNORE).sum().clamp(min=1)


# By the names in the authors' options.
LOSSES = dict(focal=focal_loss, wxent=balanced_cross_entropy, xent=cross_entropy)
