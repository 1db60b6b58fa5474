import itertools
import math

import numpy as np
import pytest
from sklearn import metrics as sk

from monfap_mm.evaluation.functional import localization
from monfap_mm.evaluation.functional.localization import PixelCounts, f1_score, false_positive_rate, iou, mcc


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 3000)
    prediction = np.where(rng.random(3000) < 0.8, target, 1 - target)
    tn, fp, fn, tp = sk.confusion_matrix(target, prediction).ravel()
    counts = PixelCounts(tp, fp, fn, tn)
    assert f1_score(counts) == pytest.approx(sk.f1_score(target, prediction), abs=1e-12)
    assert iou(counts) == pytest.approx(sk.jaccard_score(target, prediction), abs=1e-12)
    assert iou(counts) == pytest.approx(f1_score(counts) / (2 - f1_score(counts)), abs=1e-12)
    assert mcc(counts) == pytest.approx(sk.matthews_corrcoef(target, prediction), abs=1e-12)
    assert false_positive_rate(counts) == pytest.approx(np.mean(prediction[target == 0]), abs=1e-12)


@pytest.mark.parametrize('counts', list(itertools.product(range(3), repeat=4)))
def test_single_pixels_against_scikit_learn(counts):
    tp, fp, fn, tn = counts
    target, prediction = np.repeat([1, 0, 1, 0], counts), np.repeat([1, 1, 0, 0], counts)
    fake, real = tp + fn > 0, fp + tn > 0
    expected = [
        sk.f1_score(target, prediction, zero_division=0) if fake else math.nan,
        sk.jaccard_score(target, prediction, zero_division=0) if fake else math.nan,
        sk.matthews_corrcoef(target, prediction) if fake and real else math.nan,
        np.mean(prediction[target == 0]) if real else math.nan,
    ]
    found = [figure(PixelCounts(*counts)) for figure in (f1_score, iou, mcc, false_positive_rate)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_many_matrices_at_once():
    counts = np.array([[3, 1, 2, 4], [0, 0, 0, 10], [5, 5, 0, 0]])
    for figure in (f1_score, iou, mcc, false_positive_rate):
        np.testing.assert_array_equal(figure(counts), [figure(row) for row in counts])


def test_counts_of_a_large_test_set():
    """130,000 images of 12 megapixels: the products in MCC exceed 64 bits."""
    counts = np.array([3, 1, 2, 14]) * 10**11
    assert mcc(counts) == pytest.approx(mcc(counts // 10**11), abs=1e-12)


def test_undefined():
    nothing_fake, all_fake = PixelCounts(0, 5, 0, 94), PixelCounts(40, 0, 60, 0)
    assert all(math.isnan(figure(nothing_fake)) for figure in (f1_score, iou, mcc))
    assert math.isnan(mcc(all_fake))
    assert math.isnan(false_positive_rate(all_fake))
    assert f1_score(PixelCounts(0, 0, 1, 9)) == iou(PixelCounts(0, 0, 1, 9)) == 0
    assert mcc(PixelCounts(0, 0, 10, 90)) == mcc(PixelCounts(10, 90, 0, 0)) == 0  # a prediction of one class
    assert np.isnan(localization.f1_score(np.zeros(4)))
