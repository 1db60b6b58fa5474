"""The losses of PSCC-Net: one per mask, and one for the image."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

# Up to what rounding leaves of it.
_HALF = 0.5 - 1e-4


class PSCCLoss(BaseModule):
    """Balanced cross-entropy of each mask plus weighted cross-entropy of the image, all of weight 1.

    Args:
        authentic_share: Share of authentic images in training: the classes of the image are weighted by its inverse
            and that of the rest. Default: 0.25, the authors'.

    Raises:
        ValueError: If the share is not between 0 and 1.
    """

    def __init__(self, authentic_share: float = 0.25) -> None:
        super().__init__()
        if not 0 < authentic_share < 1:
            raise ValueError(f'authentic_share must be between 0 and 1, but got {authentic_share}.')
        self.class_weights = (1 / authentic_share, 1 / (1 - authentic_share))

    def forward(
        self, mask_logits: Sequence[Tensor], cls_logits: Tensor, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """Compute all five.

        Args:
            mask_logits: Logits of fake ``(B, 1, H_i, W_i)``, the finest first.
            cls_logits: Logits of (real, fake) ``(B, 2)``.
            masks: ``(B, H, W)`` of 0 (real), 1 (fake) or 255 (not counted).
            labels: Image labels ``(B,)``, 0 real or 1 fake.

        Returns:
            ``loss_mask_1`` to ``loss_mask_4`` and ``loss_cls``, scalars in fp32 or better.
        """
        targets, counted = scaled_targets(masks, [logits.shape[2:] for logits in mask_logits])
        losses = {
            f'loss_mask_{i}': balanced_bce(logits[:, 0], target, counts)
            for i, (logits, target, counts) in enumerate(zip(mask_logits, targets, counted), start=1)
        }
        cls_logits = _at_least_fp32(cls_logits)
        losses['loss_cls'] = F.cross_entropy(cls_logits, labels, weight=cls_logits.new_tensor(self.class_weights))
        return losses


def scaled_targets(masks: Tensor, sizes: Sequence[torch.Size]) -> tuple[list[Tensor], list[Tensor]]:
    """Masks at each scale, resized as the authors' by Pillow's bicubic filter; a pixel is fake where half of it is.

    Args:
        masks: ``(B, H, W)`` of 0 (real), 1 (fake) or 255 (not counted).
        sizes: Height and width of each scale, the finest first.

    Returns:
        The masks, and where a pixel counts: boolean ``(B, H_i, W_i)`` each.
    """
    ignored = (masks == 255).float()[:, None]
    finest = _resize_share((masks == 1).float()[:, None], sizes[0])
    shares = [finest] + [_resize_share(finest, size) for size in sizes[1:]]
    counted = [F.interpolate(ignored, size=tuple(size)) == 0 for size in sizes]
    return [share[:, 0] >= _HALF for share in shares], [counts[:, 0] for counts in counted]


def _resize_share(share: Tensor, size: torch.Size) -> Tensor:
    """How much of each pixel is fake, ``(B, 1, h, w)`` in [0, 1]."""
    resized = F.interpolate(share, size=tuple(size), mode='bicubic', align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def balanced_bce(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    """Mean cross-entropy in which fake and real pixels of the batch weigh the same.

    A batch without fake pixels has weights of 1. Nothing is read back to the host.

    Args:
        logits: ``(B, H, W)``.
        target: Which pixels are fake, boolean ``(B, H, W)``.
        counts: Which pixels count, boolean ``(B, H, W)``.

    Returns:
        A scalar in fp32 or better; 0 where no pixel counts.
    """
    logits = _at_least_fp32(logits)
    counts, fake = counts.to(logits.dtype), target.to(logits.dtype)
    total = counts.sum().clamp(min=1)
    share = (fake * counts).sum() / total
    tiny = torch.finfo(share.dtype).tiny
    weights = torch.where(target, 0.5 / share.clamp(min=tiny), 0.5 / (1 - share).clamp(min=tiny))
    weights = torch.where(share > 0, weights, torch.ones_like(weights))
    loss = F.binary_cross_entropy_with_logits(logits, fake, reduction='none')
    # A pixel that does not count may have an infinite weight.
    return torch.where(counts > 0, weights * loss, torch.zeros_like(loss)).sum() / total


def _at_least_fp32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
