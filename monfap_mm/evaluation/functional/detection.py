"""Is an image real or fake? Metrics of the images' scores."""

import numpy as np
from sklearn.metrics import roc_auc_score


def accuracy(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> float:
    """Share of images that are on the right side of the threshold.

    Args:
        labels: 0 real, 1 fake, (N,).
        scores: P(fake), (N,).
        threshold: Scores above it are fake.

    Returns:
        Between 0 and 1; NaN without images.
    """
    if len(labels) == 0:
        return float('nan')
    return float(np.mean((scores > threshold) == (labels == 1)))


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve.

    Args:
        labels: 0 real, 1 fake, (N,).
        scores: P(fake), (N,).

    Returns:
        Between 0 and 1; NaN unless there are images of both classes.
    """
    if len(np.unique(labels)) < 2:
        return float('nan')
    return float(roc_auc_score(labels, scores))
