"""Backbones. Any of mmseg or mmpretrain with four levels serves; these differ from theirs in speed, or at odd sizes."""

from .convnext_v2 import ConvNeXtV2
from .hrnet import ResizeOnceHRNet

__all__ = ['ConvNeXtV2', 'ResizeOnceHRNet']
