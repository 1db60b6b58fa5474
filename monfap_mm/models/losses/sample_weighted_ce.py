"""Sample-level weighted cross-entropy of Eq. 14."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class SampleWeightedCrossEntropy(BaseModule):
    """``L = CE_genuine + lambda * CE_manipulated`` (Eq. 14), the two terms given apart.

    Each term is the cross-entropy averaged over the valid pixels of all genuine, or all manipulated, samples of the
    batch. A group without a valid pixel contributes 0 and stays in the graph, so DDP finds every parameter used.
    Nothing is read back to the host.

    Args:
        manipulated_weight: lambda (Table XI), >= 0. Default: 10.0.
        ignore_index: Label of pixels that do not count. Default: 255.

    Raises:
        ValueError: If manipulated_weight is negative.
    """

    def __init__(self, manipulated_weight: float = 10.0, ignore_index: int = 255) -> None:
        super().__init__()
        if manipulated_weight < 0:
            raise ValueError(f'manipulated_weight (lambda of Eq. 14) must be >= 0, but got {manipulated_weight}.')
        self.manipulated_weight = manipulated_weight
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, target: Tensor, manipulated: Tensor) -> tuple[Tensor, Tensor]:
        """Compute both terms.

        Args:
            logits: ``(B, 2, H, W)``.
            target: ``(B, H, W)`` of 0 (real), 1 (fake) or ignore_index.
            manipulated: Boolean ``(B,)``, the image labels.

        Returns:
            ``CE_genuine`` and ``lambda * CE_manipulated``, scalars in fp32 or better.
        """
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        loss = F.cross_entropy(logits, target, ignore_index=self.ignore_index, reduction='none').sum(dim=(1, 2))
        valid = (target != self.ignore_index).sum(dim=(1, 2)).to(loss.dtype)
        fake = manipulated.to(loss.dtype)

        def mean(group: Tensor) -> Tensor:
            return (loss * group).sum() / (valid * group).sum().clamp(min=1)

        return mean(1 - fake), self.manipulated_weight * mean(fake)
