"""Operators: what is computed otherwise than it reads, each behind one function that says what it computes."""

from .folding import Foldable, fold, swap
from .mixed_conv import mixed_conv2d

__all__ = ['Foldable', 'fold', 'mixed_conv2d', 'swap']
