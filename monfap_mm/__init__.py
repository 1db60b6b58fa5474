"""MoNFAP for MMSegmentation: multi-face manipulation detection and localization.

Importing the package registers everything it has in mmseg's registries.
"""

from . import compat  # isort: skip  (before anything that imports mmseg)
from . import datasets, engine, evaluation, models, visualization
from .version import __version__

__all__ = ['__version__', 'compat', 'datasets', 'engine', 'evaluation', 'models', 'visualization']
