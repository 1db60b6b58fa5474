"""Transforms that load, perturb and pack images with labels and masks."""

from ...distribution import IS_FULL
from .image_io import read_image, read_mask

__all__ = ['read_image', 'read_mask']

if IS_FULL:
    from .formatting import PackForgeryInputs
    from .loading import LoadForgeryAnnotations, LoadForgeryImage
    from .perturbation import FreezeMask, Perturb

    __all__ += ['FreezeMask', 'LoadForgeryAnnotations', 'LoadForgeryImage', 'PackForgeryInputs', 'Perturb']
