"""The size at which a picture fits into a box."""

import math
from collections.abc import Sequence


def fit_size(size: Sequence[int], box: Sequence[float], max_scale: float = math.inf) -> tuple[int, int]:
    """Find the largest size that a box takes, with the picture's aspect ratio.

    Args:
        size: Height and width of the picture, in pixels; further lengths, such as channels, are left out.
        box: Height and width that it may take at most.
        max_scale: How many times larger than itself it may become; 1 only shrinks. Default: as the box allows.

    Returns:
        Height and width, each rounded and at least 1.
    """
    height, width = size[:2]
    scale = min(box[0] / height, box[1] / width, max_scale)
    return max(1, round(scale * height)), max(1, round(scale * width))
