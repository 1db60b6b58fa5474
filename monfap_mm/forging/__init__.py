"""Making forged group pictures with masks: scenes, cameras, forgeries; needs neither torch nor mmseg."""

from .dataset import DemoSet, make_sample, make_set
from .forgeries import KINDS, FaceSource, Forgery, forge

__all__ = ['KINDS', 'DemoSet', 'FaceSource', 'Forgery', 'forge', 'make_sample', 'make_set']
