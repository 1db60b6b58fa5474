"""Metrics of detection and localization, and a writer of predicted masks."""

from .forgery_metric import ForgeryMetric
from .mask_writer import MaskWriter

__all__ = ['ForgeryMetric', 'MaskWriter']
