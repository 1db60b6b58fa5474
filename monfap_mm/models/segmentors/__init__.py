"""Segmentors."""

from .forgery_tta import ForgeryTTAModel
from .monfap import ForgeryPrediction, MoNFAP

__all__ = ['ForgeryPrediction', 'ForgeryTTAModel', 'MoNFAP']
