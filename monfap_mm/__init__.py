"""MoNFAP for MMSegmentation: multi-face manipulation detection and localization.

Importing the package registers everything it has in mmseg's registries.
"""

from . import compat  # noqa: I001  (must come before anything that imports mmseg)
from .version import __version__

__all__ = ['__version__', 'compat']
