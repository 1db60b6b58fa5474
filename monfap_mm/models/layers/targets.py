"""Ground truth of a batch as tensors."""

import torch
from mmseg.utils import SampleList
from torch import Tensor


def stack_masks(samples: SampleList) -> Tensor:
    """Masks ``(B, H, W)`` of 0 (real), 1 (fake) and 255 (not counted) from the samples' ``gt_sem_seg``."""
    return torch.cat([sample.gt_sem_seg.data for sample in samples])


def image_labels(samples: SampleList, masks: Tensor) -> Tensor:
    """Image labels ``(B,)``, 0 real or 1 fake.

    Args:
        samples: With ``gt_label``; where one has none, an image is fake if its mask has a fake pixel.
        masks: Their masks ``(B, H, W)``.
    """
    if all('gt_label' in sample for sample in samples):
        return torch.cat([sample.gt_label.label for sample in samples]).to(masks.device)
    return (masks == 1).flatten(1).any(dim=1).long()
