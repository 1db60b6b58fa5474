"""The arithmetic of the metrics, on arrays, as fractions of one; undefined values are NaN."""

from .detection import accuracy, roc_auc
from .localization import PixelCounts, count_pixels, f1_score, iou, sum_counts

__all__ = ['PixelCounts', 'accuracy', 'count_pixels', 'f1_score', 'iou', 'roc_auc', 'sum_counts']
