"""The panel that every picture of a prediction shares: fake pixels tinted, the verdict written on it."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..structures import CLASSES, PALETTE, ForgeryResult
from .panels import center, missing, overlay, panel_size, resize, write_tag

ALPHA = 0.45  # of the tint on fake pixels


def draw_overlay(result: ForgeryResult) -> np.ndarray:
    """The picture of an answer at the size of a panel, its fake pixels tinted and outlined, P(fake) written on it.

    Args:
        result: The answer, with its image.

    Returns:
        Picture (H', W', 3), uint8, RGB.
    """
    # Small before it is copied: the picture may have 89 million pixels.
    image = resize(result.image, panel_size(*result.size))[..., ::-1]
    panel = tint_fake(np.ascontiguousarray(image), result.mask.astype(np.uint8))
    return write_verdict(panel, result.score, CLASSES.index(result.label))


def tint_fake(
    image: np.ndarray, mask: np.ndarray | None, color: Sequence[int] = PALETTE[1], alpha: float = ALPHA
) -> np.ndarray:
    """Tint and outline the fake pixels of an image in a panel.

    Args:
        image: Picture (H, W, 3), uint8, RGB, at the size of a panel.
        mask: 1 where fake, uint8, of any size; None makes a panel that says "n/a".
        color: Color of the tint, RGB.
        alpha: Opacity of the tint, 0 to 1.

    Returns:
        Panel (H', W', 3), uint8, RGB.
    """
    size = image.shape[:2]
    if mask is None:
        return center(missing(size))
    return center(overlay(image, resize(mask, size, cv2.INTER_NEAREST), color, alpha))


def write_verdict(
    panel: np.ndarray,
    score: float,
    label: int,
    classes: Sequence[str] = CLASSES,
    palette: Sequence[Sequence[int]] = tuple(PALETTE),
) -> np.ndarray:
    """Write P(fake) and the name of the class on a panel (H, W, 3), in the color of the class; returns a new one."""
    return write_tag(panel, f'P(fake) {score:.2f}  {classes[label]}', palette[label])
