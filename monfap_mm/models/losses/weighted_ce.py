"""Cross-entropy with weights of the classes, that reads nothing back to the host."""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = 255


def weighted_cross_entropy(logits: Tensor, labels: Tensor, class_weight: Tensor) -> Tensor:
    """Cross-entropy in which classes have weights: the weighted sum over the weights of the pixels that count.

    Args:
        logits: ``(B, 2, H, W)``.
        labels: 0 (real), 1 (fake) or 255 (ignored), ``(B, H, W)``.
        class_weight: Weights of the classes ``(2,)``.

    Returns:
        Scalar in fp32 or better; 0 where no pixel counts.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    class_weight = class_weight.to(logits.dtype)
    total = F.cross_entropy(logits, labels, class_weight, ignore_index=IGNORED, reduction='sum')
    weights = class_weight[labels.clamp(max=1)] * (labels != IGNORED)
    return total / weights.sum().clamp(min=torch.finfo(logits.dtype).tiny)
