"""How well the pixels of one image are ranked by P(fake): exact, from their logits."""

from typing import NamedTuple

import numpy as np


class PixelRanking(NamedTuple):
    """Figures of the ranking, fractions of one; NaN where not defined.

    Attributes:
        auc: Area under the ROC curve, ties count one half; NaN without real pixels.
        average_precision: Mean precision by steps of recall; NaN without real pixels.
        best_f1: F1 at the threshold that suits this very image best: an upper bound, not a result.
    """

    auc: float
    average_precision: float
    best_f1: float


def rank_pixels(real: np.ndarray, fake: np.ndarray) -> PixelRanking:
    """Compute the figures of scikit-learn from the scores of real and fake pixels, sorted apart.

    The steps of recall are the scores of fake pixels, so that the real ones need only be counted above and below them.

    Args:
        real: Scores of the real pixels, (N,), in any order; infinite ones may be among them.
        fake: Those of the fake pixels, (P,), at least one.

    Returns:
        The figures.
    """
    real, fake = np.sort(real), np.sort(fake)
    below, not_above = (np.searchsorted(real, fake, side) for side in ('left', 'right'))
    tp = len(fake) - np.searchsorted(fake, fake, 'left')  # at the threshold of each fake pixel
    called = tp + len(real) - below
    best_f1 = float(np.max(2 * tp / (called + len(fake))))
    if len(real) == 0:
        return PixelRanking(float('nan'), float('nan'), best_f1)
    return PixelRanking(float(np.mean(below + not_above) / (2 * len(real))), float(np.mean(tp / called)), best_f1)
