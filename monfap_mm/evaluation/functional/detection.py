"""Is an image real or fake? Metrics of the images' scores.

All take labels (N,), 0 real and 1 fake, and scores (N,), P(fake) between 0 and 1, and give fractions of one. A score
*above* a threshold is fake. What is not defined on the images at hand is NaN.
"""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

CALIBRATION_BINS = 15


def accuracy(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> float:
    """Share of images on the right side of the threshold; NaN without images."""
    if len(labels) == 0:
        return float('nan')
    return float(np.mean((scores > threshold) == (labels == 1)))


def balanced_accuracy(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> float:
    """Mean of the accuracies on real and on fake images; NaN unless there are both."""
    return (accuracy(labels[labels == 0], scores[labels == 0], threshold) + recall(labels, scores, threshold)) / 2


def recall(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> float:
    """Share of the fake images that are called fake; NaN without fake images."""
    return accuracy(labels[labels == 1], scores[labels == 1], threshold)


def image_f1(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> float:
    """F1 of the fake class over images, 2 tp / (2 tp + fp + fn); NaN without fake images."""
    fake, called = labels == 1, scores > threshold
    if not fake.any():
        return float('nan')
    return float(2 * np.sum(fake & called) / (np.sum(fake) + np.sum(called)))


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; NaN unless there are images of both classes."""
    return float(roc_auc_score(labels, scores)) if _both_classes(labels) else float('nan')


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision: mean precision by steps of recall, not interpolated; NaN unless there are both classes."""
    return float(average_precision_score(labels, scores)) if _both_classes(labels) else float('nan')


def equal_error_rate(labels: np.ndarray, scores: np.ndarray) -> float:
    """Where the ROC curve, with straight lines between its points, has as many misses as false alarms.

    Returns:
        FPR = 1 - TPR at that point, between 0 and 1; NaN unless there are images of both classes.
    """
    if not _both_classes(labels):
        return float('nan')
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(np.interp(0, fpr + tpr - 1, fpr))


def tpr_at_fpr(labels: np.ndarray, scores: np.ndarray, limit: float) -> float:
    """Share of the fake images found by the best threshold that calls at most a share of the real images fake.

    An operating point that can be had, without interpolation: with fewer than 1 / limit real images, one without any
    false alarm.

    Args:
        labels: 0 real, 1 fake, (N,).
        scores: P(fake), (N,).
        limit: The largest FPR, 0 to 1.

    Returns:
        Between 0 and 1; NaN unless there are images of both classes.
    """
    if not _both_classes(labels):
        return float('nan')
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(tpr[fpr <= limit].max())


def best_accuracy(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Accuracy at the threshold that suits these very images best: an upper bound, not a result.

    Candidates are 0, 1 and the middles between neighboring scores; among equals, the one nearest to 0.5 is taken.

    Returns:
        The accuracy and the threshold, between 0 and 1; both NaN unless there are images of both classes.
    """
    if not _both_classes(labels):
        return float('nan'), float('nan')
    known = np.unique(scores)
    thresholds = np.concatenate([[0, 1], (known[1:] + known[:-1]) / 2])
    real, fake = (np.sort(scores[labels == label]) for label in (0, 1))
    correct = np.searchsorted(real, thresholds, 'right') + len(fake) - np.searchsorted(fake, thresholds, 'right')
    best = np.lexsort((np.abs(thresholds - 0.5), -correct))[0]
    return float(correct[best] / len(labels)), float(thresholds[best])


def calibration(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group the images by P(fake) into 15 bins of equal width; the last one holds the score 1.

    Returns:
        Images, mean P(fake) and share of fake images of each bin, (15,); the latter two NaN in an empty bin.
    """
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    counts, sum_scores, sum_labels = (
        np.bincount(bins, weights, minlength=CALIBRATION_BINS) for weights in (None, scores, labels)
    )
    nonempty = np.where(counts, counts, np.nan)
    return counts, sum_scores / nonempty, sum_labels / nonempty


def calibration_error(labels: np.ndarray, scores: np.ndarray) -> float:
    """Expected calibration error: mean distance of P(fake) from the share of fakes in its bin (Guo et al., 2017).

    It is that of P(fake) itself, not of the confidence in the answer, since it is P(fake) that a user reads.

    Returns:
        Between 0 and 1; NaN without images.
    """
    if len(labels) == 0:
        return float('nan')
    counts, mean_score, fake_share = calibration(labels, scores)
    return float(np.nansum(counts * np.abs(mean_score - fake_share)) / len(labels))


def _both_classes(labels: np.ndarray) -> bool:
    return len(np.unique(labels)) == 2
