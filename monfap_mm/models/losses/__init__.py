"""Losses of the paper (Sec. III-C 3 and III-D)."""

from .importance import importance_loss
from .sample_weighted_ce import SampleWeightedCrossEntropy

__all__ = ['SampleWeightedCrossEntropy', 'importance_loss']
