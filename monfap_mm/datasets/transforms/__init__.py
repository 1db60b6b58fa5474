"""Transforms that load and pack images with labels and masks."""

from .formatting import PackForgeryInputs
from .image_io import read_image, read_mask
from .loading import LoadForgeryAnnotations, LoadForgeryImage

__all__ = ['LoadForgeryAnnotations', 'LoadForgeryImage', 'PackForgeryInputs', 'read_image', 'read_mask']
