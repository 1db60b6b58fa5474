"""Importance loss of a gate (Eq. 12)."""

from torch import Tensor


def importance_loss(gates: Tensor, weight: float = 0.1) -> Tensor:
    """``w_im * CV(sum over the batch of G(x))^2`` (Eq. 12), the squared coefficient of variation.

    The variance is unbiased, as in the authors' code: ``weight * var / (mean^2 + 1e-10)``.

    Args:
        gates: Gate values ``(B, E)`` of one level.
        weight: Scaling factor w_im. Default: 0.1.

    Returns:
        Scalar in fp32 or better; 0 for a single expert, which has nothing to balance.
    """
    importance = gates.float().sum(dim=0) if gates.element_size() < 4 else gates.sum(dim=0)
    if len(importance) == 1:
        return importance.sum() * 0.0
    return weight * importance.var() / (importance.mean().square() + 1e-10)
