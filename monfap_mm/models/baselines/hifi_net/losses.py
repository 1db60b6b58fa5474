"""Losses of HiFi-Net, after the training loop that its authors have published once."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Pixels of fakes are to be this many times the radius of the real ones away from the center, and are called fake from
# 1.85 times on.
FAR = 2.5


def balanced_bce(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """Binary cross-entropy in which real and fake pixels of the batch weigh the same.

    Args:
        logits: ``(B, H, W)`` of P(fake).
        target: ``(B, H, W)`` of 0 (real), 1 (fake) or ignore_index.
        ignore_index: Label of pixels that do not count. Default: 255.

    Returns:
        Scalar. A batch without a fake pixel has the weight 1 everywhere.
    """
    valid, fake = target != ignore_index, target == 1
    count = valid.sum().clamp(min=1)
    share = fake.sum() / count
    weight = torch.where(fake, 0.5 / share.clamp(min=1e-12), 0.5 / (1 - share).clamp(min=1e-12))
    weight = torch.where(share > 0, weight, 1) * valid
    loss = F.binary_cross_entropy_with_logits(logits.float(), fake.float(), reduction='none')
    return (loss * weight).sum() / count


def distance(features: Tensor, center: Tensor) -> Tensor:
    """Euclidean distance of features ``(B, C, H, W)`` to the center ``(C,)``: ``(B, H, W)`` in fp32 or better."""
    # The small number is that of PyTorch's PairwiseDistance.
    return torch.linalg.vector_norm(features.float() - center.view(1, -1, 1, 1) + 1e-6, dim=1)


def distance_loss(
    features: Tensor, target: Tensor, center: Tensor, radius: Tensor, ignore_index: int = 255
) -> tuple[Tensor, Tensor]:
    """Real pixels near the center, fake ones at least 2.5 radii away.

    Args:
        features: ``(B, C, H, W)``.
        target: ``(B, H, W)`` of 0 (real), 1 (fake) or ignore_index.
        center: ``(C,)``.
        radius: Scalar, largest distance of a real pixel before training.
        ignore_index: Label of pixels that do not count. Default: 255.

    Returns:
        Mean over the real and mean over the fake pixels, scalars; 0 where there is none.
    """
    away = distance(features, center)
    real, fake = target == 0, target == 1
    return _mean(away, real & (target != ignore_index)), _mean((FAR * radius - away).relu(), fake)


def class_loss(logits: Tensor, labels: Tensor, counts: Tensor | None = None) -> Tensor:
    """Cross-entropy, averaged over the images that count.

    Args:
        logits: ``(B, n)``.
        labels: ``(B,)``.
        counts: Boolean ``(B,)``. Default: None, all.

    Returns:
        Scalar; 0 if no image counts.
    """
    loss = F.cross_entropy(logits.float(), labels, reduction='none')
    return loss.mean() if counts is None else _mean(loss, counts)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
