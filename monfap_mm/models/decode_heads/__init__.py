"""Decode heads."""

from .fup_head import FUPHead, FUPOutput

__all__ = ['FUPHead', 'FUPOutput']
