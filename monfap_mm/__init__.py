"""MoNFAP for MMSegmentation: multi-face manipulation detection and localization.

Importing the package registers everything it has in mmseg's registries. The light distribution, monfap_mm-lite, has
nothing to register: it answers from ONNX files (``monfap_mm.apis``) and needs neither PyTorch nor mmseg.
"""

import sys

from .distribution import IS_FULL
from .version import __version__

__all__ = ['__version__', 'register']


def register() -> None:
    """Import what the package registers; nothing in the light distribution. Only the command ``monfap`` calls it."""
    if IS_FULL:
        from . import compat  # noqa: F401  isort: skip  (before anything that imports mmseg)
        from . import datasets, engine, evaluation, models, visualization  # noqa: F401


# The command, which is there to show its help too, calls it when a verb runs.
if 'monfap_command' not in sys.modules:
    register()
