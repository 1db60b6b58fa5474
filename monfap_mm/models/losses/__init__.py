"""Losses of the paper (Sec. III-C 3 and III-D), and one that peers share."""

from .importance import importance_loss
from .sample_weighted_ce import SampleWeightedCrossEntropy
from .weighted_ce import weighted_cross_entropy

__all__ = ['SampleWeightedCrossEntropy', 'importance_loss', 'weighted_cross_entropy']
