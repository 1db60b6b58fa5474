"""Forgeries of any photograph, with masks; needs neither torch nor mmseg."""

from .forgeries import KINDS, FaceSource, Forgery, forge

__all__ = ['KINDS', 'FaceSource', 'Forgery', 'forge']
