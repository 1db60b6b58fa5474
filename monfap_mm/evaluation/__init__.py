"""Metrics of detection and localization."""

from .forgery_metric import ForgeryMetric

__all__ = ['ForgeryMetric']
