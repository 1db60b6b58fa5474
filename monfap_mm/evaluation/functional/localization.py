"""Which pixels are fake? Metrics of confusion matrices of pixels, with fake as the positive class.

All take counts (..., 4) in the order of :class:`PixelCounts`, one matrix or many, and give fractions of one (...).
Where the truth lacks what a figure is about, it is NaN.
"""

from typing import NamedTuple

import numpy as np


class PixelCounts(NamedTuple):
    """Confusion matrix of the pixels; fake is positive."""

    tp: int
    fp: int
    fn: int
    tn: int


def f1_score(counts: np.ndarray) -> np.ndarray:
    """F1 of the fake class, 2 tp / (2 tp + fp + fn); NaN if no pixel is fake in truth."""
    tp, fp, fn, _ = _split(counts)
    return divide(2 * tp, 2 * tp + fp + fn, where=tp + fn > 0)


def iou(counts: np.ndarray) -> np.ndarray:
    """IoU of the fake class, tp / (tp + fp + fn); NaN if no pixel is fake in truth."""
    tp, fp, fn, _ = _split(counts)
    return divide(tp, tp + fp + fn, where=tp + fn > 0)


def mcc(counts: np.ndarray) -> np.ndarray:
    """Matthews' correlation coefficient, -1 to 1; NaN unless pixels of both classes are there in truth.

    0 if the prediction has one class only: it says nothing about where the fake pixels are. Left out of the mean, such
    images would reward a model for finding nothing.
    """
    tp, fp, fn, tn = _split(counts)
    square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    both = (tp + fn > 0) & (tn + fp > 0)
    return divide(tp * tn - fp * fn, np.where(square > 0, np.sqrt(square), 1), where=both)


def false_positive_rate(counts: np.ndarray) -> np.ndarray:
    """Share of the real pixels that are called fake, fp / (fp + tn); NaN if no pixel is real in truth."""
    _, fp, _, tn = _split(counts)
    return divide(fp, fp + tn, where=fp + tn > 0)


def divide(part: np.ndarray, whole: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Quotients, NaN elsewhere."""
    part, whole, where = np.broadcast_arrays(part, whole, where)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=where)


def _split(counts: np.ndarray) -> np.ndarray:
    # Products of four counts exceed 64-bit integers.
    return np.moveaxis(np.asarray(counts, float), -1, 0)
