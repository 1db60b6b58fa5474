"""MoNFAP for MMSegmentation: multi-face manipulation detection and localization.

Importing the package registers everything it has in mmseg's registries. The light distribution, monfap_mm-lite, has
nothing to register: it answers from ONNX files (``monfap_mm.apis``) and needs neither PyTorch nor mmseg.
"""

from .distribution import IS_FULL
from .version import __version__

if IS_FULL:
    from . import compat  # isort: skip  (before anything that imports mmseg)
    from . import datasets, engine, evaluation, models, visualization

    __all__ = ['__version__', 'compat', 'datasets', 'engine', 'evaluation', 'models', 'visualization']
else:
    __all__ = ['__version__']
