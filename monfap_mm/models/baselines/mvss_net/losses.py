"""The three losses of MVSS-Net: at the pixels, at the edges, for the image."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from ...layers.logits import largest_pixel, two_channels


class MVSSLoss(BaseModule):
    """Multi-scale supervision: ``alpha L_seg + beta L_clf + (1 - alpha - beta) L_edge``.

    Authentic images, and manipulated ones of whose pixels nothing is known, count in L_clf alone; a batch without
    others has 0 for the rest, which stays in the graph. The authors published no code of their losses; the weights are
    the paper's.

    Args:
        seg_weight: alpha. Default: 0.16.
        clf_weight: beta. Default: 0.04.
        edge_width: Side of the cross by which the border of a mask is widened to both sides, in pixels. Default: 7.
    """

    def __init__(self, seg_weight: float = 0.16, clf_weight: float = 0.04, edge_width: int = 7) -> None:
        super().__init__()
        if min(seg_weight, clf_weight, 1 - seg_weight - clf_weight) < 0:
            raise ValueError(
                f'seg_weight={seg_weight} and clf_weight={clf_weight} must be >= 0 and at most 1 together: the edges '
                'have the rest.'
            )
        if edge_width < 1 or edge_width % 2 == 0:
            raise ValueError(f'edge_width must be odd and positive, but got {edge_width}.')
        self.seg_weight = seg_weight
        self.clf_weight = clf_weight
        self.edge_width = edge_width

    def forward(self, mask_logits: Tensor, edge_logits: Tensor, masks: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Compute all three, weighted.

        Args:
            mask_logits: Logits of fake ``(B, 1, H, W)``.
            edge_logits: Logits of an edge ``(B, 1, h', w')``.
            masks: ``(B, H, W)`` of 0 (real), 1 (fake) or 255 (not counted).
            labels: Image labels ``(B,)``, 0 real or 1 fake.

        Returns:
            ``loss_seg``, ``loss_edge`` and ``loss_clf``, scalars in fp32 or better.
        """
        mask_logits, edge_logits = (
            logits.to(torch.promote_types(logits.dtype, torch.float32)) for logits in (mask_logits, edge_logits)
        )
        score = largest_pixel(two_channels(mask_logits))[:, 1]
        fake = labels.to(score.dtype)

        counted = (masks != 255).to(score.dtype)
        seg = squared_dice_loss(mask_logits[:, 0].sigmoid() * counted, (masks == 1).to(score.dtype))
        # Every 4th pixel of the band, as a rule: the edges have a quarter of the image's sides.
        edges = F.interpolate(edge_band(masks, self.edge_width)[:, None].to(score.dtype), edge_logits.shape[2:])
        edge = squared_dice_loss(edge_logits[:, 0].sigmoid(), edges[:, 0])

        known_fake = fake * counted.flatten(1).amax(dim=1)

        def mean_of_fake(loss: Tensor) -> Tensor:
            return (loss * known_fake).sum() / known_fake.sum().clamp(min=1)

        edge_weight = 1 - self.seg_weight - self.clf_weight
        return dict(
            loss_seg=self.seg_weight * mean_of_fake(seg),
            loss_edge=edge_weight * mean_of_fake(edge),
            loss_clf=self.clf_weight * F.binary_cross_entropy_with_logits(score, fake),
        )


def squared_dice_loss(prob: Tensor, target: Tensor) -> Tensor:
    """``1 - 2 sum(p y) / (sum(p^2) + sum(y^2))`` of each image.

    Args:
        prob: ``(B, H, W)`` in [0, 1].
        target: ``(B, H, W)`` of 0 or 1.

    Returns:
        ``(B,)``; 1 where there is neither a target nor any probability.
    """
    overlap = (prob * target).sum(dim=(1, 2))
    total = prob.square().sum(dim=(1, 2)) + target.sum(dim=(1, 2))
    return 1 - 2 * overlap / total.clamp(min=torch.finfo(total.dtype).eps)


def edge_band(masks: Tensor, width: int) -> Tensor:
    """Pixels that a cross of side ``width`` reaches from both real and fake ones.

    The border of the image is no edge, and neither is that of pixels that do not count.

    Args:
        masks: ``(B, H, W)`` of 0 (real), 1 (fake) or 255.
        width: An odd number of pixels.

    Returns:
        Boolean ``(B, H, W)``.
    """
    near_real, near_fake = (_dilate((masks == label).float(), width) for label in (0, 1))
    return (near_real * near_fake) > 0


def _dilate(areas: Tensor, width: int) -> Tensor:
    """Areas ``(B, H, W)`` widened by a cross."""
    half = width // 2
    rows = F.max_pool2d(areas, (width, 1), stride=1, padding=(half, 0))
    return torch.maximum(rows, F.max_pool2d(areas, (1, width), stride=1, padding=(0, half)))
