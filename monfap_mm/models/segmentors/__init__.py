"""Segmentors."""

from .forgery_segmentor import ForgeryOutput, ForgeryPrediction, ForgerySegmentor
from .forgery_tta import ForgeryTTAModel
from .monfap import MoNFAP

__all__ = ['ForgeryOutput', 'ForgeryPrediction', 'ForgerySegmentor', 'ForgeryTTAModel', 'MoNFAP']
