import math

import numpy as np
import pytest

from monfap_mm.evaluation.bootstrap import interval, resample
from monfap_mm.evaluation.figures import paper_figures
from monfap_mm.evaluation.result_table import ResultTable

from .records import make_record


def table(count, **options):
    return ResultTable.from_records([make_record(i, **options) for i in range(count)])


def test_interval_agrees_with_the_normal_approximation():
    images = table(400)
    draws = resample(images, paper_figures, 1000)
    low, high = interval(draws['ACC'])
    hits = (images.scores > 0.5) == (images.labels == 1)
    shares = np.array([np.mean(images.labels == label) for label in (0, 1)])
    rates = np.array([hits[images.labels == label].mean() for label in (0, 1)])
    # Stratified: the variances of both classes add up.
    error = 100 * np.sqrt(np.sum(shares * rates * (1 - rates)) / len(images))
    assert low == pytest.approx(100 * hits.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(100 * hits.mean() + 1.96 * error, abs=0.3 * error)


def test_interval_is_that_of_95_percent():
    """Of 0 to 1,000, whatever their order, it ends at 25 and 975; one of 90% would end at 50 and 950."""
    values = np.arange(1001.0)
    for order in (values, values[::-1], np.random.default_rng(0).permutation(values)):
        assert interval(order) == pytest.approx((25, 975))
        assert interval(-order) == pytest.approx((-975, -25))
        assert interval(np.append(order, [math.nan] * 7)) == pytest.approx((25, 975))
    assert interval(np.array([10.0, 0.0])) == pytest.approx((0.25, 9.75))


def test_images_are_drawn_with_replacement():
    """A draw of N images out of N holds each with probability 1 - 1/e."""
    images = table(400)
    shares = []
    resample(images, lambda draw: shares.append(len(np.unique(draw.scores)) / len(images)) or {}, 30)
    assert np.mean(shares) == pytest.approx(1 - 1 / math.e, abs=0.01)


def test_images_are_drawn_whole_and_classes_apart():
    images = table(30)
    kept = []
    resample(images, lambda draw: kept.append(draw) or {}, 20)
    for draw in kept:
        assert draw.labels.sum() == images.labels.sum()
        for row in range(len(draw)):
            (source,) = np.flatnonzero(images.scores == draw.scores[row])
            np.testing.assert_array_equal(draw.histograms[row], images.histograms[source])
            np.testing.assert_array_equal(draw.pixels[row], images.pixels[source])
    assert len({tuple(draw.scores) for draw in kept}) == 20


def drawn_rows(images, seed):
    """Which images each of five draws consists of."""
    draws = []
    resample(images, lambda draw: draws.append(draw.scores) or {}, 5, seed)
    return [[int(np.flatnonzero(images.scores == score)[0]) for score in scores] for scores in draws]


def test_seed_draws_the_same_images_of_any_model():
    ours, theirs = table(30), table(30, separation=3)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert drawn_rows(ours, 1) == drawn_rows(theirs, 1)
    assert drawn_rows(ours, 1) != drawn_rows(ours, 2)


def test_draws_that_define_nothing():
    draws = resample(table(5, label=1), paper_figures, 3)
    assert np.isnan(draws['AUC']).all()
    assert all(map(math.isnan, interval(draws['AUC'])))
    assert interval(np.array([math.nan, 1.0, 1.0])) == (1, 1)


def test_progress():
    calls = []
    resample(table(5), paper_figures, 3, progress=lambda: calls.append(1))
    assert len(calls) == 3
