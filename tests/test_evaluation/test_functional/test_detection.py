import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from monfap_mm.evaluation.functional import accuracy, roc_auc


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    scores = np.round(np.clip(0.3 * labels + rng.normal(0.4, 0.3, 500), 0, 1), 2)  # rounding makes ties
    assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert accuracy(labels, scores) == pytest.approx(accuracy_score(labels, scores > 0.5), abs=1e-12)
    assert accuracy(labels, scores, threshold=0.2) == pytest.approx(accuracy_score(labels, scores > 0.2), abs=1e-12)


def test_by_hand():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.5, 0.4, 0.9])
    assert accuracy(labels, scores) == 0.75
    assert roc_auc(labels, scores) == 0.75


def test_undefined():
    assert math.isnan(roc_auc(np.array([1, 1]), np.array([0.2, 0.3])))
    assert math.isnan(roc_auc(np.array([], int), np.array([])))
    assert math.isnan(accuracy(np.array([], int), np.array([])))
