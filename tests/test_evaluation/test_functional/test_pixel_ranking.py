import math

import numpy as np
import pytest
from sklearn import metrics as sk

from monfap_mm.evaluation.functional.pixel_ranking import rank_pixels

# Scores of 500 pixels, of which a share is fake, from logits or with ties; the worse ones rank in reverse.
SCORES = {
    'saturated': lambda rng, target: rng.normal(0, 20, 500) + 60 * (target - 0.5),
    'chance': lambda rng, target: rng.uniform(-60, 60, 500),
    'reversed': lambda rng, target: rng.normal(0, 1, 500) - 3 * target,
    'tied': lambda rng, target: rng.integers(-3, 3, 500) + target,
    'one value': lambda rng, target: np.zeros(500),
    'infinite': lambda rng, target: np.where(rng.random(500) < 0.3, np.inf, -np.inf) * (2 * target - 1),
    'perfect': lambda rng, target: target - 0.5,
}


@pytest.mark.parametrize('scores', SCORES.values(), ids=SCORES)
@pytest.mark.parametrize('share', [0.02, 0.3, 0.9])
def test_against_scikit_learn(scores, share):
    rng = np.random.default_rng(0)
    target = (rng.random(500) < share).astype(int)
    scores = scores(rng, target).astype(np.float32)
    finite = scores.clip(-99, 99)  # scikit-learn refuses infinite scores
    precision, recall, _ = sk.precision_recall_curve(target, finite)
    assert rank_pixels(scores[target == 0], scores[target == 1]) == pytest.approx(
        (
            sk.roc_auc_score(target, finite),
            sk.average_precision_score(target, finite),
            np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12)),
        ),
        abs=1e-12,
    )


def test_by_hand():
    """From the highest score: fake, real, fake and real at one score, real."""
    ranking = rank_pixels(np.array([0.1, 0.3, 0.2]), np.array([0.2, 0.4]))
    assert ranking.auc == pytest.approx((3 + 1.5) / 6)
    assert ranking.average_precision == pytest.approx((1 + 2 / 4) / 2)
    assert ranking.best_f1 == pytest.approx(2 * 1 / (1 + 2))


def test_without_real_pixels():
    auc, average_precision, best_f1 = rank_pixels(np.array([]), np.array([3.0, -2.0]))
    assert math.isnan(auc)
    assert math.isnan(average_precision)
    assert best_f1 == 1
