"""Transforms that load, perturb and pack images with labels and masks."""

from .formatting import PackForgeryInputs
from .loading import LoadForgeryAnnotations, LoadForgeryImage
from .perturbation import FreezeMask, Perturb

__all__ = ['FreezeMask', 'LoadForgeryAnnotations', 'LoadForgeryImage', 'PackForgeryInputs', 'Perturb']
