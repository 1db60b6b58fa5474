"""Which pixels are fake? Metrics of the masks, from counts of pixels with fake as the positive class."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class PixelCounts(NamedTuple):
    """Confusion matrix of the pixels; fake is positive."""

    tp: int
    fp: int
    fn: int
    tn: int


def count_pixels(prediction: Tensor, target: Tensor, ignore_index: int = 255) -> PixelCounts:
    """Count the pixels of one mask or many.

    Args:
        prediction: 0 real, 1 fake, of any shape.
        target: 0 real, 1 fake, or ``ignore_index``; same shape.
        ignore_index: Pixels of ``target`` that do not count.

    Returns:
        The confusion matrix.

    Raises:
        ValueError: If the shapes differ or there are other values.
    """
    if prediction.shape != target.shape:
        raise ValueError(f'the prediction has shape {tuple(prediction.shape)}, the mask {tuple(target.shape)}')
    valid = target != ignore_index
    prediction, target = prediction[valid].long(), target[valid].long()
    for name, values in (('prediction', prediction), ('mask', target)):
        if values.numel() and (values.min() < 0 or values.max() > 1):
            raise ValueError(f'the {name} has values from {values.min()} to {values.max()}, expected 0 and 1')
    tn, fp, fn, tp = torch.bincount(2 * target + prediction, minlength=4).tolist()
    return PixelCounts(tp, fp, fn, tn)


def sum_counts(counts: Iterable[PixelCounts]) -> PixelCounts:
    """One confusion matrix for many images; all zeros for none."""
    return PixelCounts(*map(sum, zip(PixelCounts(0, 0, 0, 0), *counts)))


def f1_score(counts: PixelCounts) -> float:
    """F1 of the fake class, 2 tp / (2 tp + fp + fn): between 0 and 1, NaN if no pixel is or is called fake."""
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: PixelCounts) -> float:
    """IoU of the fake class, tp / (tp + fp + fn): between 0 and 1, NaN if no pixel is or is called fake."""
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float('nan')
