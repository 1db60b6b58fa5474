"""Non-mutually exclusive contrastive learning, as the abstract of the paper describes it; the form is ours.

Patches are tampered (T), authentic (A) or of the contour (C: both kinds of pixels). C excludes neither: in one branch
it counts with T against A, in the other with A against T, and a consistency ties what the two say of it.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Patches(NamedTuple):
    """Which patches are of which kind, ``(B, N)``, boolean; one of ignored pixels alone is of none."""

    tampered: Tensor
    authentic: Tensor
    contour: Tensor


def classify_patches(masks: Tensor, size: tuple[int, int], stride: int) -> Patches:
    """Sort the patches that the positions of a feature map stand for.

    Args:
        masks: ``(B, H, W)`` of 0 (real), 1 (fake) and 255 (not counted).
        size: Height and width of the feature map, whose N positions are read row by row.
        stride: Side of a patch in pixels. What the patches have beyond the mask does not count.
    """
    padding = (0, size[1] * stride - masks.shape[2], 0, size[0] * stride - masks.shape[1])

    def has(value: int) -> Tensor:
        found = F.pad((masks == value).float(), padding)
        return F.max_pool2d(found[:, None], stride).flatten(1) > 0

    real, fake = has(0), has(1)
    return Patches(fake & ~real, real & ~fake, real & fake)


def ncl_losses(tampered_feat: Tensor, authentic_feat: Tensor, patches: Patches, temperature: float) -> list[Tensor]:
    """The contrastive losses of the two branches, and their consistency.

    Images that lack T or A are left out of the means; without any other the losses are 0 and the graph is whole.

    Args:
        tampered_feat: Features ``(B, C, h, w)`` of the branch in which C counts with T.
        authentic_feat: Those of the branch in which C counts with A.
        patches: See :func:`classify_patches`.
        temperature: Divides the cosines.

    Returns:
        L_t, L_a and the consistency, scalars in fp32 or better.
    """
    tampered, authentic, contour = patches
    counts = tampered.any(dim=1) & authentic.any(dim=1)
    f_t, f_a = (_unit_vectors(feat) for feat in (tampered_feat, authentic_feat))
    angles = 1 - (f_t * f_a).sum(dim=2)
    of_images = (
        _nce(f_t, tampered | contour, authentic, temperature),
        _nce(f_a, authentic | contour, tampered, temperature),
        (angles * contour).sum(dim=1) / contour.sum(dim=1).clamp(min=1),
    )
    return [(values * counts).sum() / counts.sum().clamp(min=1) for values in of_images]


def _unit_vectors(feat: Tensor) -> Tensor:
    """Features ``(B, N, C)`` of length 1."""
    feat = feat.to(torch.promote_types(feat.dtype, torch.float32))
    return F.normalize(feat.flatten(2).transpose(1, 2), dim=2)


def _nce(feats: Tensor, positive: Tensor, negative: Tensor, temperature: float) -> Tensor:
    """Mean over the pairs of positives, of each image ``(B,)``: how little they are alike beside the negatives."""
    with torch.autocast(feats.device.type, enabled=False):
        scores = feats @ feats.transpose(1, 2) / temperature
    # Not -inf, of which nothing but NaN comes back where an image has no negatives.
    of_negatives = scores.masked_fill(~negative[:, None], -1e4).logsumexp(dim=2, keepdim=True)
    terms = F.softplus(of_negatives - scores)
    pairs = positive[:, None] & positive[:, :, None]
    pairs = pairs & ~torch.eye(pairs.shape[1], dtype=torch.bool, device=pairs.device)
    return (terms * pairs).sum(dim=(1, 2)) / pairs.sum(dim=(1, 2)).clamp(min=1)
