"""A picture of a set to look at: some real and some forged images of every list, the forged parts outlined."""

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from monfap_mm.visualization.panels import MIN_HEIGHT, center, overlay, resize, side_by_side

from ..media.errors import BadInput
from ..media.images import read_image, read_mask
from ..media.limits import MAX_PIXELS_OF_SETS
from ..media.masks import DEFAULT_MASK_VALUES, fake_pixels
from ..structures import CLASSES
from ..utils.fit_size import fit_size
from .check_samples import Sample
from .spacing import spread

_COLUMNS = 8
_TINT = (220, 40, 40)


def draw_sheet(
    lists: Mapping[str, Sequence[Sample]],
    max_pixels: int = MAX_PIXELS_OF_SETS,
    mask_values: str = DEFAULT_MASK_VALUES,
) -> np.ndarray:
    """Draw eight real and eight forged images of each list, at regular intervals; unreadable ones are left out.

    Args:
        lists: Samples by list.
        max_pixels: Largest image that is read.
        mask_values: Which values of a mask are fake, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.

    Returns:
        Picture (H, W, 3), uint8, RGB; one row per list and label.
    """
    rows = []
    for samples in lists.values():
        for label in range(len(CLASSES)):
            chosen = spread([sample for sample in samples if sample.label == label], _COLUMNS)
            panels = list(_draw_panels(chosen, max_pixels, mask_values))
            if panels:
                rows.append(side_by_side(panels))
    width = max((row.shape[1] for row in rows), default=MIN_HEIGHT)
    blank = [np.full((MIN_HEIGHT, width, 3), 255, np.uint8)]
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    return np.concatenate(padded or blank)


def _draw_panels(samples: Iterable[Sample], max_pixels: int, mask_values: str) -> Iterable[tuple[str, np.ndarray]]:
    for sample in samples:
        try:
            image = read_image(sample.image, max_pixels)
            mask = read_mask(sample.mask, max_pixels) if sample.mask else np.zeros(image.shape[:2], np.uint8)
        except BadInput:  # the check has reported it
            continue
        size = fit_size(image.shape, (MIN_HEIGHT, MIN_HEIGHT))
        picture = cv2.cvtColor(resize(image, size), cv2.COLOR_BGR2RGB)
        fake = resize(fake_pixels(mask, mask_values), size, cv2.INTER_NEAREST)
        caption = f'{sample.split} {CLASSES[sample.label]}{", no mask" if sample.label and not sample.mask else ""}'
        yield caption, center(overlay(picture, fake, _TINT, alpha=0.3))
