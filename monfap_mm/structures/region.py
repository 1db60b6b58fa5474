"""Manipulated regions of a mask."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects

from .connected_regions import label_regions


@dataclass(frozen=True)
class Region:
    """A connected region of fake pixels.

    Attributes:
        box: x1, y1, x2, y2 in pixels of the image as a viewer shows it; x2 and y2 are the first column and row outside.
        area: Number of its pixels.
        score: Mean P(fake) of its pixels, 0 to 1.
    """

    box: tuple[int, int, int, int]
    area: int
    score: float


def find_regions(mask: np.ndarray, probability: np.ndarray) -> tuple[Region, ...]:
    """Find the manipulated regions, as the metric counts faces: 8 neighbors, specks of less than 16 pixels left out.

    Args:
        mask: Where the image is fake, (H, W), bool.
        probability: P(fake) of each pixel, (H, W), 0 to 1.

    Returns:
        The regions, the largest first.
    """
    labels = label_regions(mask)
    regions = []
    for number, (rows, columns) in enumerate(find_objects(labels), start=1):
        inside = labels[rows, columns] == number
        box = (columns.start, rows.start, columns.stop, rows.stop)
        score = probability[rows, columns][inside].mean(dtype=np.float64)
        regions.append(Region(box, int(inside.sum()), float(score)))
    return tuple(sorted(regions, key=lambda region: -region.area))
