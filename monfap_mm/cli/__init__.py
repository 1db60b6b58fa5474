"""The command ``monfap``."""

from .main import main

__all__ = ['main']
