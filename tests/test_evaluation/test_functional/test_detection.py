import math

import numpy as np
import pytest
from sklearn import metrics as sk

from monfap_mm.evaluation.functional import detection


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    scores = np.round(np.clip(0.3 * labels + rng.normal(0.4, 0.3, 500), 0, 1), 2)  # rounding makes ties
    return labels, scores


def test_against_scikit_learn(images):
    labels, scores = images
    called = scores > 0.5
    exact = dict(abs=1e-12)
    assert detection.roc_auc(labels, scores) == pytest.approx(sk.roc_auc_score(labels, scores), **exact)
    assert detection.average_precision(labels, scores) == pytest.approx(
        sk.average_precision_score(labels, scores), **exact
    )
    assert detection.accuracy(labels, scores) == pytest.approx(sk.accuracy_score(labels, called), **exact)
    assert detection.accuracy(labels, scores, 0.2) == pytest.approx(sk.accuracy_score(labels, scores > 0.2), **exact)
    assert detection.balanced_accuracy(labels, scores) == pytest.approx(
        sk.balanced_accuracy_score(labels, called), **exact
    )
    assert detection.image_f1(labels, scores) == pytest.approx(sk.f1_score(labels, called), **exact)


def test_order_of_the_images_does_not_matter(images):
    """And scores turned round give the complement: whoever sorts the wrong way is seen."""
    labels, scores = images
    order = np.random.default_rng(1).permutation(len(labels))
    for figure in (
        detection.accuracy,
        detection.balanced_accuracy,
        detection.recall,
        detection.image_f1,
        detection.roc_auc,
        detection.average_precision,
        detection.equal_error_rate,
        detection.calibration_error,
        lambda labels, scores: detection.tpr_at_fpr(labels, scores, 0.01),
        lambda labels, scores: detection.best_accuracy(labels, scores)[1],
    ):
        expected = figure(labels, scores)
        assert figure(labels[order], scores[order]) == pytest.approx(expected, abs=1e-12)
        assert figure(labels[::-1], scores[::-1]) == pytest.approx(expected, abs=1e-12)
    assert detection.roc_auc(labels, 1 - scores) == pytest.approx(1 - detection.roc_auc(labels, scores), abs=1e-12)
    assert detection.roc_auc(1 - labels, scores) == pytest.approx(1 - detection.roc_auc(labels, scores), abs=1e-12)
    opposite = detection.equal_error_rate(labels, 1 - scores)
    assert opposite == pytest.approx(1 - detection.equal_error_rate(labels, scores), abs=1e-12)


def test_one_half_is_real():
    labels, scores = np.array([0, 1, 1, 1]), np.array([0.5, 0.5, 0.5 + 1e-12, 0.5 - 1e-12])
    assert detection.accuracy(labels, scores) == 0.5
    assert detection.recall(labels, scores) == pytest.approx(1 / 3)
    assert detection.balanced_accuracy(labels, scores) == pytest.approx((1 + 1 / 3) / 2)
    assert detection.image_f1(labels, scores) == pytest.approx(2 / (2 + 2))
    assert detection.image_f1(labels, scores, 0.6) == 0


@pytest.mark.parametrize(('num_real', 'found'), [(100, 1.0), (99, 0.5)])
def test_false_alarms_up_to_the_very_limit(num_real, found):
    """One false alarm is 1% of 100 real images, and more of 99."""
    scores = np.concatenate([[0.7], np.full(num_real - 1, 0.1), [0.6, 0.9]])
    labels = np.array([0] * num_real + [1, 1])
    assert detection.tpr_at_fpr(labels, scores, 0.01) == found


def test_equal_error_rate_between_two_points():
    """From (1/3, 1/2) to (2/3, 1) of the ROC curve: FPR = 1 - TPR where 5/2 FPR = 1."""
    labels, scores = np.array([0, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.5, 0.5, 0.1])
    assert detection.equal_error_rate(labels, scores) == pytest.approx(0.4)


def test_of_equal_thresholds_the_one_nearest_to_one_half():
    assert detection.best_accuracy(np.array([1, 0, 1, 0]), np.array([0.1, 0.3, 0.7, 0.9])) == (0.5, 0.5)
    accuracy, threshold = detection.best_accuracy(np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.4, 0.8]))
    assert (accuracy, threshold) == (0.75, pytest.approx(0.6))


def test_calibration_bins_are_fifteen_of_equal_width():
    scores = (np.arange(15) + 0.5) / 15
    counts, mean_score, fake_share = detection.calibration(np.arange(15) % 2, scores)
    np.testing.assert_array_equal(counts, np.ones(15))
    np.testing.assert_allclose(mean_score, scores)
    np.testing.assert_array_equal(fake_share, np.arange(15) % 2)
    counts, mean_score, _ = detection.calibration(np.array([0, 1]), np.array([0.0, 1.0]))
    assert (counts[0], counts[14]) == (1, 1)
    assert np.isnan(mean_score[1:14]).all()


def test_thresholds_by_trying_all(images):
    labels, scores = images
    thresholds = np.concatenate([[0, 1], np.unique(scores) - 1e-9, np.unique(scores)])
    fpr, tpr, accuracies = (
        np.array(values)
        for values in zip(
            *(
                (
                    np.mean(scores[labels == 0] > threshold),
                    np.mean(scores[labels == 1] > threshold),
                    np.mean((scores > threshold) == labels),
                )
                for threshold in thresholds
            )
        )
    )
    best, threshold = detection.best_accuracy(labels, scores)
    assert best == pytest.approx(accuracies.max(), abs=1e-12)
    assert detection.accuracy(labels, scores, threshold) == best
    for limit in (0.001, 0.01, 0.3):
        assert detection.tpr_at_fpr(labels, scores, limit) == pytest.approx(tpr[fpr <= limit].max(), abs=1e-12)
    # The crossing lies between the neighbouring points of the curve.
    rate = detection.equal_error_rate(labels, scores)
    assert fpr[fpr <= 1 - tpr].max() <= rate <= fpr[fpr >= 1 - tpr].min()


def test_by_hand():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.5, 0.4, 0.9])
    assert detection.accuracy(labels, scores) == 0.75
    assert detection.roc_auc(labels, scores) == 0.75
    assert detection.equal_error_rate(labels, scores) == 0.5
    assert detection.best_accuracy(labels, scores) == (0.75, pytest.approx(0.45 + 0.25))
    assert detection.tpr_at_fpr(labels, scores, 0.01) == 0.5
    assert detection.tpr_at_fpr(labels, scores, 0.5) == 1
    # Bins of 1/15: each image is alone in its own.
    assert detection.calibration_error(labels, scores) == pytest.approx((0.1 + 0.5 + 0.6 + 0.1) / 4)


def test_equal_error_rate_on_a_straight_line():
    """One score for all: chance, whatever the shares of the classes."""
    assert detection.equal_error_rate(np.array([0, 1, 1, 1]), np.full(4, 0.3)) == pytest.approx(0.5)


def test_best_accuracy_can_call_all_of_one_class():
    labels = np.array([0, 1, 1, 1])
    assert detection.best_accuracy(labels, np.array([0.9, 0.1, 0.2, 0.3]))[0] == 0.75
    assert detection.best_accuracy(1 - labels, np.array([0.2, 0.9, 0.9, 0.9])) == (0.75, 1.0)
    assert detection.best_accuracy(labels, np.array([0.2, 0.6, 0.8, 1.0])) == (1.0, pytest.approx(0.4))


def test_calibration():
    rng = np.random.default_rng(1)
    scores = rng.random(200_000)
    labels = (rng.random(200_000) < scores).astype(int)
    assert detection.calibration_error(labels, scores) < 0.01
    counts, mean_score, fake_share = detection.calibration(labels, scores)
    assert counts.sum() == 200_000
    np.testing.assert_allclose(mean_score, (np.arange(15) + 0.5) / 15, atol=0.003)
    np.testing.assert_allclose(fake_share, mean_score, atol=0.02)
    assert detection.calibration_error(np.array([0, 1]), np.array([1.0, 1.0])) == 0.5  # the score 1 has a bin


@pytest.mark.parametrize('labels', [[], [0, 0], [1, 1]])
def test_undefined(labels):
    labels, scores = np.array(labels, int), np.linspace(0.2, 0.7, len(labels))
    for figure in (
        detection.roc_auc,
        detection.average_precision,
        detection.equal_error_rate,
        detection.balanced_accuracy,
    ):
        assert math.isnan(figure(labels, scores))
    assert all(map(math.isnan, detection.best_accuracy(labels, scores)))
    assert math.isnan(detection.tpr_at_fpr(labels, scores, 0.01))
    assert math.isnan(detection.image_f1(labels, scores)) == (1 not in labels)
    assert math.isnan(detection.accuracy(labels, scores)) == (len(labels) == 0)
    assert math.isnan(detection.calibration_error(labels, scores)) == (len(labels) == 0)
