"""Backbones. Any of mmseg or mmpretrain with four levels serves; this one is of our own making for speed."""

from .convnext_v2 import ConvNeXtV2

__all__ = ['ConvNeXtV2']
