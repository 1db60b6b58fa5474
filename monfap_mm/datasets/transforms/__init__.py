"""Transforms that load, perturb and pack images with labels and masks."""

from .formatting import PackForgeryInputs
from .loading import LoadForgeryAnnotations, LoadForgeryImage
from .perturbation import FreezeMask, Perturb
from .resizing import ForgeryResize

__all__ = ['ForgeryResize', 'FreezeMask', 'LoadForgeryAnnotations', 'LoadForgeryImage', 'PackForgeryInputs', 'Perturb']
