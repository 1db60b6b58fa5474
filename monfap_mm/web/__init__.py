"""The web page of ``monfap serve``. Needs the extra ``web``."""

from .app import create_app
from .guard import LOOPBACK_NAMES, split_host
from .server import serve

__all__ = ['LOOPBACK_NAMES', 'create_app', 'serve', 'split_host']
