"""Pictures of the images that a model gets most wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..media.errors import BadInput
from ..media.images import read_image, read_mask
from ..media.masks import DEFAULT_MASK_VALUES, fake_pixels
from ..structures import CLASSES
from ..utils.atomic_write import atomic_write
from ..utils.file_names import FileNames
from ..visualization.panels import MIN_HEIGHT, MIN_WIDTH, center, gray_mask, missing, panel_size, resize, side_by_side
from ..visualization.prediction_panel import tint_fake, write_verdict
from .functional.localization import f1_score
from .image_record import ImageRecord


def by_score(record: ImageRecord) -> float:
    """How wrong P(fake) of an image is, 0 to 1."""
    return abs(record.score - record.label)


def by_f1(record: ImageRecord) -> float:
    """How wrong the mask of a manipulated image is, 1 - F1; -1 for an authentic one, which has no F1."""
    f1 = f1_score(record.pixels) if record.label == 1 else np.nan
    return -1 if np.isnan(f1) else float(1 - f1)


CRITERIA = {'score': by_score, 'F1': by_f1}


def draw_worst(
    records: Sequence[ImageRecord], number: int, folder: Path, criterion: str = 'score', masks: Path | None = None
) -> list[str]:
    """Draw the worst images: image, ground truth, and the predicted mask if there is one, with P(fake) and F1.

    Args:
        records: All images, in the order of the dataset.
        number: How many to draw.
        folder: Folder to write to, made if needed. Files are named by rank: 001_<image>.png is the worst.
        criterion: One of ``CRITERIA``.
        masks: Folder of ``tools/test.py --out DIR``, from the same dataset.

    Returns:
        What could not be read, one message each. Its panel says "n/a".
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = _names(records)
    mask_names = {} if masks is None else _mask_names(masks, records)
    error = CRITERIA[criterion]
    worst = sorted((record for record in records if error(record) >= 0), key=error, reverse=True)[:number]
    problems = []
    for rank, record in enumerate(worst, start=1):
        name = names[record.identity]
        predicted = None if masks is None else str(masks / f'{mask_names[record.identity]}.png')
        path = folder / f'{rank:03d}_{name}.png'
        picture = cv2.cvtColor(_draw(record, predicted, problems), cv2.COLOR_RGB2BGR)
        atomic_write(path, cv2.imencode('.png', picture)[1].tobytes())
    return problems


def _names(records: Sequence[ImageRecord], numbered: bool = False) -> dict[tuple[str, int | None], str]:
    """Names of the files for images, by identity."""
    unique_name = FileNames(numbered)
    return {record.identity: unique_name(*record.identity) for record in records}


def _mask_names(folder: Path, records: Sequence[ImageRecord]) -> dict[tuple[str, int | None], str]:
    """Names of the predicted masks, by identity: those that one process gives, or those of several.

    A single file does not tell: ``face_0.png`` can be that of ``face_0.jpg``, or of ``face.jpg`` with the index 0. So
    it is the way of naming that finds more of the images' masks in the folder.
    """
    stems = {path.stem for path in folder.glob('*.png')}
    ways = (_names(records), _names(records, numbered=True))
    return max(ways, key=lambda names: len(stems.intersection(names.values())))


def _draw(record: ImageRecord, predicted: str | None, problems: list[str]) -> np.ndarray:
    image = _read(read_image, record.img_path, problems)
    size = (MIN_HEIGHT, MIN_WIDTH) if image is None else panel_size(*image.shape[:2])
    picture = missing(size) if image is None else resize(image[..., ::-1], size)
    truth = None if record.label else np.zeros(size, np.uint8)
    if record.mask_path is not None:
        truth = _read_fake(record.mask_path, image, size, problems, record.mask_values)
    panels = [
        ('image', center(picture)),
        (f'ground truth: {CLASSES[record.label]}', center(missing(size) if truth is None else gray_mask(truth))),
    ]
    if predicted is not None:
        f1 = float(f1_score(record.pixels))
        caption = 'prediction' if np.isnan(f1) else f'prediction: F1 {100 * f1:.1f}'
        panels.append((caption, tint_fake(picture, _read_fake(predicted, image, size, problems))))
    caption, panel = panels[-1]
    tagged = write_verdict(panel, record.score, int(record.score > 0.5))
    return side_by_side([*panels[:-1], (caption, tagged)])


def _read_fake(
    path: str,
    image: np.ndarray | None,
    size: tuple[int, int],
    problems: list[str],
    mask_values: str = DEFAULT_MASK_VALUES,
) -> np.ndarray | None:
    """A mask at the size of its panel, 1 where fake, or None and a problem."""
    mask = _read(read_mask, path, problems)
    if mask is None:
        return None
    if image is not None and mask.shape != image.shape[:2]:
        (height, width), (image_height, image_width) = mask.shape, image.shape[:2]
        problems.append(f'{path}: the mask has {width}x{height} pixels, its image {image_width}x{image_height}')
        return None
    return resize(fake_pixels(mask, mask_values), size, cv2.INTER_NEAREST)


def _read(reader: Callable[[str], np.ndarray], path: str, problems: list[str]) -> np.ndarray | None:
    try:
        return reader(path)
    except BadInput as error:
        problems.append(str(error))
        return None
