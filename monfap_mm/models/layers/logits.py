"""Logits of real and fake, whatever a network ends with."""

import torch
from torch import Tensor


def two_channels(mask_logits: Tensor) -> Tensor:
    """Logits of (real, fake) from the logits of a mask of one or two channels.

    One channel is the logit of P(fake) under a sigmoid, which is the softmax of (0, logit).

    Args:
        mask_logits: ``(B, 1, H, W)`` or ``(B, 2, H, W)``; logits, not probabilities.

    Returns:
        ``(B, 2, H, W)``.

    Raises:
        ValueError: If there are more than two channels.
    """
    channels = mask_logits.shape[1]
    if channels not in (1, 2):
        raise ValueError(
            f'a mask has one channel (fake) or two (real, fake), but the network gives {channels}: '
            'set num_classes of its head to 2'
        )
    return mask_logits if channels == 2 else torch.cat([torch.zeros_like(mask_logits), mask_logits], dim=1)


def largest_pixel(mask_logits: Tensor, counts: Tensor | None = None) -> Tensor:
    """Detection by localization: the image is as fake as its most fake pixel.

    Args:
        mask_logits: Logits of (real, fake), ``(B, 2, H, W)``.
        counts: Which pixels count, ``(B, 1, H, W)``, boolean. Default: None, all of them.

    Returns:
        Image logits ``(B, 2)``, 0 for real and the largest margin of fake over real.
    """
    margin = mask_logits[:, 1] - mask_logits[:, 0]
    if counts is not None:
        margin = margin.masked_fill(~counts[:, 0], -torch.inf)
    margin = margin.flatten(1).amax(dim=1)
    return torch.stack([torch.zeros_like(margin), margin], dim=1)
