"""Datasets of real and manipulated images."""

from .ffiw import FFIWDataset
from .forgery_dataset import ForgeryDataset
from .manual_fake import ManualFakeDataset
from .ofv2 import OFV2Dataset
from .transforms import ForgeryResize, FreezeMask, LoadForgeryAnnotations, LoadForgeryImage, PackForgeryInputs, Perturb

__all__ = [
    'FFIWDataset',
    'ForgeryDataset',
    'ForgeryResize',
    'FreezeMask',
    'LoadForgeryAnnotations',
    'LoadForgeryImage',
    'ManualFakeDataset',
    'OFV2Dataset',
    'PackForgeryInputs',
    'Perturb',
]
