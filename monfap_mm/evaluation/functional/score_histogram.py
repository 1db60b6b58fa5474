"""Ranking of pixels from a histogram of P(fake), of fixed size whatever the number of pixels.

The bins are uniform in the logit of P(fake), since P itself saturates: most pixels of a trained model have P close to 0
or 1. 256 bins of 1/8 span -16 to 16, where P is within 1.2e-7 of 0 or 1. There are 128 bins of 3/8 on either side, for
models that are surer of themselves than they should be; what is beyond -63.625 and 63.625 lies in the outermost bins. A
bin holds (edge, next edge], so that the threshold P = 0.5 lies between two bins.

All functions take histograms (..., 2, NUM_BINS), real and fake pixels by bin, one or many, and give fractions of one
(...). What the order of the pixels within the bins could change is known, and given as a bound of the error.
"""

import numpy as np
from scipy.special import digamma, expit
from torch import Tensor

from .localization import divide

NUM_BINS = 512
INNER_END = 16
INNER_WIDTH, OUTER_WIDTH = 1 / 8, 3 / 8
# The last bin that is real at P = 0.5 ends at logit 0.
_ZERO = NUM_BINS // 2 - 1


def logit_bins(logits: Tensor) -> Tensor:
    """Bin of each logit, int16; that of a NaN means nothing."""
    logits = logits.float()
    inner = logits.clamp(-INNER_END, INNER_END)
    bins = inner / INNER_WIDTH + (logits - inner) / OUTER_WIDTH
    return bins.ceil().add(_ZERO).clamp(0, NUM_BINS - 1).short()


def widen(histograms: np.ndarray) -> np.ndarray:
    """Put histograms of 256 bins, as results files of version 1 hold them, into the bins of today.

    What was beyond -15.875 or 15.875 stays in one bin on either side, so the bounds hold as they did.

    Args:
        histograms: (..., 256).

    Returns:
        (..., NUM_BINS).
    """
    outer = (NUM_BINS - histograms.shape[-1]) // 2
    return np.pad(histograms, [(0, 0)] * (histograms.ndim - 1) + [(outer, outer)])


def thresholds() -> np.ndarray:
    """P(fake) below each bin, (NUM_BINS,): the first is 0, as the first bin has no lower end."""
    steps = np.arange(1, NUM_BINS) - 1 - _ZERO
    inner = steps.clip(-INNER_END / INNER_WIDTH, INNER_END / INNER_WIDTH)
    edges = inner * INNER_WIDTH + (steps - inner) * OUTER_WIDTH
    return np.concatenate([[0.0], expit(edges)])


def auc(histograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the ROC curve of the pixels.

    Returns:
        The area, and the largest possible distance to the area without bins: half the share of the pairs of a real
        and a fake pixel that lie in one bin. NaN unless there are both.
    """
    real, fake, both = _split(histograms)
    below = np.cumsum(real, axis=-1) - real
    pairs = real.sum(-1) * fake.sum(-1)
    ties = (real * fake).sum(-1) / 2
    return divide((fake * below).sum(-1) + ties, pairs, both), divide(ties, pairs, both)


def average_precision(histograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average precision of the pixels, as if those of a bin were in random order.

    Taken as ties, they would all get the precision at the end of their bin, which is too low: by 0.17 of 93.12 points
    on the normal logits of this module's tests.

    Returns:
        The average precision, and a bound of its distance to that without bins. NaN unless there are pixels of both
        classes.
    """
    real, fake, both = _split(histograms)
    tp, fp = _from_above(fake) - fake, _from_above(real) - real  # before the bin
    # Of the real pixels of a bin, i / (fake + 1) come before the i-th fake one, on average.
    value = _precision_sum(tp, fp, fake, real / (fake + 1))
    # The best order has the fake pixels first, the worst the real ones; either may also have them at one score.
    best = fake * _safe(tp + fake, tp + fp + fake)
    worst = _precision_sum(tp, fp + real, fake, 0)
    value, best, worst = (divide(total.sum(-1), fake.sum(-1), both) for total in (value, best, worst))
    return value, np.maximum(best - value, value - worst)


def _precision_sum(tp: np.ndarray, fp: np.ndarray, count: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Sum of (tp + i) / (tp + i + fp + slope * i) over i = 1..count, from harmonic numbers."""
    scale = 1 + slope
    start = (tp + fp) / scale
    return (count + (tp - start) * (digamma(start + count + 1) - digamma(start + 1))) / scale


def best_f1(histograms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F1 at the threshold that suits these very pixels best: an upper bound, not a result.

    Returns:
        The F1, how far that of a threshold within a bin could exceed it, and the threshold of P(fake). NaN without
        fake pixels.
    """
    real, fake, _ = _split(histograms)
    tp, fp, total = _from_above(fake), _from_above(real), fake.sum(-1)
    some = total > 0
    f1 = _safe(2 * tp, tp + fp + total[..., None])
    ideal = _safe(2 * tp, tp + fp - real + total[..., None]).max(-1)
    value = np.where(some, f1.max(-1), np.nan)
    return value, ideal - value, np.where(some, thresholds()[f1.argmax(-1)], np.nan)


def rates(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of the ROC and precision-recall curves, from the highest threshold to the lowest.

    Args:
        histogram: One histogram, (2, NUM_BINS).

    Returns:
        FPR, TPR and precision, (NUM_BINS + 1,); the precision of nothing is 1, as in scikit-learn.
    """
    real, fake, _ = _split(histogram)
    tp, fp = (np.concatenate([[0], np.cumsum(counts[::-1])]) for counts in (fake, real))
    precision = np.where(tp + fp > 0, _safe(tp, tp + fp), 1)
    return _safe(fp, fp[-1]), _safe(tp, tp[-1]), precision


def _split(histograms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Real pixels, fake pixels, and whether there are both."""
    histograms = np.asarray(histograms, float)
    real, fake = histograms[..., 0, :], histograms[..., 1, :]
    return real, fake, (real.sum(-1) > 0) & (fake.sum(-1) > 0)


def _from_above(counts: np.ndarray) -> np.ndarray:
    """Pixels in a bin and all higher ones."""
    return np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]


def _safe(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotients; 0 where both are 0."""
    return part / np.maximum(whole, 1)
