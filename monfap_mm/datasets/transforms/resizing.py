"""Resize images and masks without losing small forgeries."""

import math

import cv2
import numpy as np
from mmseg.datasets.transforms import Resize
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ForgeryResize(Resize):
    """mmseg's ``Resize``, in which no forged area of a mask vanishes: see :func:`restore_vanished`.

    It takes the arguments of mmseg's ``Resize``.
    """

    def _resize_seg(self, results: dict) -> None:
        masks = {key: results[key] for key in results.get('seg_fields', [])}
        super()._resize_seg(results)
        for key, mask in masks.items():
            results[key] = restore_vanished(mask, results[key])


def restore_vanished(mask: np.ndarray, resized: np.ndarray) -> np.ndarray:
    """Draw the fake areas that resizing by nearest neighbor has missed.

    Each pixel of the smaller mask stands for a block of the larger one, of which nearest neighbor sees a single pixel.
    Blocks with a fake pixel are grouped (8 neighbors); a group of which no block is fake in the smaller mask is drawn
    whole. All other pixels stay as they are, so the masks of ordinary forgeries do not change.

    Args:
        mask: Array (H, W), uint8, 1 where fake.
        resized: The same after resizing by nearest neighbor, (h, w).

    Returns:
        Array (h, w), uint8; ``resized`` itself if nothing was missed.
    """
    block = [max(1, math.ceil(old / new)) for old, new in zip(mask.shape, resized.shape)]
    fake = (mask == 1).astype(np.uint8)
    if block == [1, 1] or not fake.any():
        return resized
    spread = cv2.dilate(fake, np.ones(block, np.uint8), anchor=(0, 0))
    blocks = cv2.resize(spread, resized.shape[::-1], interpolation=cv2.INTER_NEAREST)
    count, groups = cv2.connectedComponents(blocks, connectivity=8)
    seen = np.bincount(groups[resized == 1], minlength=count) > 0
    missed = (blocks == 1) & ~seen[groups]
    if not missed.any():
        return resized
    return np.where(missed, 1, resized).astype(resized.dtype)
