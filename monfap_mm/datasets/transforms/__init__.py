"""Transforms that load, perturb and pack images with labels and masks."""

from .formatting import PackForgeryInputs
from .jpeg_grid import GridCrop, GridFlip, LoadJpegGrid
from .loading import LoadForgeryAnnotations, LoadForgeryImage
from .perturbation import FreezeMask, Perturb
from .resizing import ForgeryResize

__all__ = [
    'ForgeryResize',
    'FreezeMask',
    'GridCrop',
    'GridFlip',
    'LoadForgeryAnnotations',
    'LoadForgeryImage',
    'LoadJpegGrid',
    'PackForgeryInputs',
    'Perturb',
]
