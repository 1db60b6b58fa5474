"""Rendered group photographs, genuine and forged: the data of the demo. Needs neither torch nor mmseg."""

from .dataset import DemoSet, make_sample, make_set

__all__ = ['DemoSet', 'make_sample', 'make_set']
