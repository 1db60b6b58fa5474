"""Connected regions of a mask."""

import cv2
import numpy as np

# Smaller regions are specks left by compression or resizing, not faces. Not more than 4 x 4 pixels.
MIN_REGION_PIXELS = 16


def label_regions(mask: np.ndarray) -> np.ndarray:
    """Number the connected regions of a mask (8 neighbors), without specks.

    Args:
        mask: (H, W), bool.

    Returns:
        The number of the region at each pixel from 1, without gaps, and 0 elsewhere, (H, W).
    """
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return drop_specks(labels)


def drop_specks(labels: np.ndarray) -> np.ndarray:
    """Clear the regions of less than 16 pixels and number the others anew, without gaps.

    Args:
        labels: The number of the region at each pixel, and 0 where there is none, (H, W).

    Returns:
        (H, W), in the same order.
    """
    large = np.bincount(labels.ravel()) >= MIN_REGION_PIXELS
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[labels]
