import numpy as np
import pytest
import torch
from scipy.special import logit
from sklearn import metrics as sk

from monfap_mm.evaluation.functional import score_histogram
from monfap_mm.evaluation.functional.score_histogram import NUM_BINS, logit_bins, thresholds

INNER = [i / 8 for i in range(-127, 0)]  # edges below zero


def histogram_of(target, logits):
    bins = logit_bins(torch.as_tensor(logits)).numpy()
    return np.stack([np.bincount(bins[target == label], minlength=NUM_BINS) for label in (0, 1)])


def exact(target, logits):
    precision, recall, _ = sk.precision_recall_curve(target, logits)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return sk.roc_auc_score(target, logits), sk.average_precision_score(target, logits), f1.max()


# Spread, separation and share of fakes: from a good model with saturated logits to one that says the same everywhere.
CASES = [(3, 6, 0.2), (8, 30, 0.02), (1, 0.5, 0.5), (0.05, 0.1, 0.1), (20, 0, 0.3), (0.001, 0.01, 0.01)]


@pytest.mark.parametrize(('spread', 'separation', 'share'), CASES)
@pytest.mark.parametrize('seed', [0, 1])
def test_errors_bound_the_distance_to_scikit_learn(spread, separation, share, seed):
    rng = np.random.default_rng(seed)
    target = (rng.random(20_000) < share).astype(int)
    logits = (rng.normal(0, spread, 20_000) + separation * (target - 0.5)).astype(np.float32)
    auc, average_precision, best_f1 = exact(target, logits)
    histogram = histogram_of(target, logits)
    value, error = score_histogram.auc(histogram)
    assert abs(value - auc) <= error + 1e-12
    value, error = score_histogram.average_precision(histogram)
    assert abs(value - average_precision) <= error + 1e-9
    value, error, threshold = score_histogram.best_f1(histogram)
    assert value <= best_f1 + 1e-12 <= value + error + 2e-12
    assert value == pytest.approx(sk.f1_score(target, 1 / (1 + np.exp(-logits.astype(float))) > threshold), abs=1e-9)


def test_bins_cost_next_to_nothing_on_a_trained_model():
    rng = np.random.default_rng(0)
    target = (rng.random(200_000) < 0.05).astype(int)
    logits = rng.normal(0, 4, 200_000) + 14 * (target - 0.5)
    histogram = histogram_of(target, logits)
    auc, average_precision, best_f1 = exact(target, logits)
    assert score_histogram.auc(histogram)[0] == pytest.approx(auc, abs=2e-5)
    assert score_histogram.auc(histogram)[1] < 3e-4
    assert score_histogram.average_precision(histogram)[0] == pytest.approx(average_precision, abs=2e-4)
    assert score_histogram.average_precision(histogram)[1] < 0.01
    assert score_histogram.best_f1(histogram)[0] == pytest.approx(best_f1, abs=1e-3)


# Logits from -60 to 60, where P(fake) has long been 0 or 1: a good model, a poor one, one that knows nothing.
SATURATED = {
    'good': lambda rng, target: rng.normal(0, 15, 200_000) + 50 * (target - 0.5),
    'poor': lambda rng, target: rng.normal(0, 20, 200_000) + 20 * (target - 0.5),
    'ignorant': lambda rng, target: rng.uniform(-60, 60, 200_000),
}


@pytest.mark.parametrize('logits', SATURATED.values(), ids=SATURATED)
@pytest.mark.parametrize('share', [0.02, 0.3])
def test_bins_cost_less_than_a_tenth_of_a_point_on_saturated_logits(logits, share):
    rng = np.random.default_rng(0)
    target = (rng.random(200_000) < share).astype(int)
    logits = logits(rng, target).clip(-60, 60)
    auc, average_precision, best_f1 = exact(target, logits)
    histogram = histogram_of(target, logits)
    for (value, error), figure in (
        (score_histogram.auc(histogram), auc),
        (score_histogram.average_precision(histogram), average_precision),
        (score_histogram.best_f1(histogram)[:2], best_f1),
    ):
        assert value == pytest.approx(figure, abs=1e-3)
        assert abs(value - figure) <= error + 1e-9


def test_worst_orders_within_one_bin():
    """All pixels in one bin: the figures could be anything that the bound allows, and it is reached."""
    histogram = np.zeros((2, NUM_BINS), int)
    histogram[:, 130] = 30, 10
    value, error = score_histogram.auc(histogram)
    assert (value, error) == (0.5, 0.5)
    value, error = score_histogram.average_precision(histogram)
    worst = np.mean(np.arange(1, 11) / (30 + np.arange(1, 11)))  # all fake pixels behind all real ones
    assert value == pytest.approx(11 / 41)
    assert error == pytest.approx(1 - value)
    assert value - error < worst
    value, error, threshold = score_histogram.best_f1(histogram)
    assert value == pytest.approx(20 / 50)
    assert value + error == pytest.approx(1)
    assert threshold <= thresholds()[130]


def test_average_precision_is_exact_without_common_bins():
    rng = np.random.default_rng(0)
    target, bins = rng.integers(0, 2, 150), rng.permutation(NUM_BINS)[:150]
    histogram = np.stack([np.bincount(bins[target == label], minlength=NUM_BINS) for label in (0, 1)])
    value, _ = score_histogram.average_precision(histogram)
    assert value == pytest.approx(sk.average_precision_score(target, bins), abs=1e-12)


def test_average_precision_is_that_of_random_orders():
    rng = np.random.default_rng(0)
    target, bins = rng.integers(0, 2, 20_000), rng.integers(0, 8, 20_000)
    bins += 3 * target
    histogram = np.stack([np.bincount(bins[target == label], minlength=NUM_BINS) for label in (0, 1)])
    orders = [sk.average_precision_score(target, bins + rng.random(20_000)) for _ in range(50)]
    assert score_histogram.average_precision(histogram)[0] == pytest.approx(np.mean(orders), abs=1e-4)


def test_edges():
    assert thresholds()[0] == 0
    assert thresholds()[256] == 0.5
    edges = [-63.625, -63.25, -16.375, -16.0, -15.875, -0.125, 0.0, 0.125, 15.875, 16.0, 16.375, 63.25, 63.625]
    bins = [0, 1, 126, 127, 128, 254, 255, 256, 382, 383, 384, 509, 510]
    assert logit_bins(torch.tensor(edges)).tolist() == bins
    assert logit_bins(torch.tensor(edges) + 1e-5).tolist() == [number + 1 for number in bins]
    np.testing.assert_allclose(logit(thresholds()[1:256]), [-63.625 + 3 / 8 * i for i in range(128)] + INNER, rtol=1e-9)
    assert logit_bins(torch.tensor([-1e9, 1e9])).tolist() == [0, 511]


def test_histograms_of_version_1_keep_their_edges():
    """Its 256 bins were 1/8 wide, from -15.875 to 15.875."""
    logits = torch.tensor([-99.0, -15.875, -15.8, -0.125, 0.0, 1e-6, 0.125, 15.875, 15.9, 99.0])
    old = torch.tensor([0, 0, 1, 126, 127, 128, 128, 254, 255, 255])
    histograms = np.bincount(old, minlength=256)[None].repeat(2, 0)
    wide = score_histogram.widen(histograms)
    np.testing.assert_array_equal(wide, np.bincount(old + 128, minlength=512)[None].repeat(2, 0))
    inside = logits.abs() < 15.875
    assert (logit_bins(logits)[inside] == old[inside] + 128).all()


def test_many_at_once_and_undefined():
    rng = np.random.default_rng(0)
    histograms = rng.integers(0, 9, (4, 2, NUM_BINS))
    histograms[1, 0] = 0  # no real pixel
    histograms[2, 1] = 0  # no fake pixel
    histograms[3] = 0
    for figure in (score_histogram.auc, score_histogram.average_precision, score_histogram.best_f1):
        together = np.stack(figure(histograms), axis=1)
        for row, histogram in zip(together, histograms):
            np.testing.assert_array_equal(row, figure(histogram))
        assert np.isfinite(together[0]).all()
        assert np.isnan(together[2:]).all()
    assert np.isnan(score_histogram.auc(histograms)[0][1])
    assert score_histogram.best_f1(histograms)[0][1] == 1


def test_rates():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 1000)
    centers = np.arange(-15.9375, 16, 0.125)
    bins = np.clip(rng.normal(128 + 9 * target, 12, 1000).astype(int), 0, 255)
    fpr, tpr, precision = score_histogram.rates(
        np.stack([np.bincount(bins[target == c], minlength=NUM_BINS) for c in (0, 1)])
    )
    assert sk.auc(fpr, tpr) == pytest.approx(sk.roc_auc_score(target, centers[bins]), abs=1e-12)
    assert np.sum(np.diff(tpr) * precision[1:]) == pytest.approx(sk.average_precision_score(target, bins), abs=1e-12)
