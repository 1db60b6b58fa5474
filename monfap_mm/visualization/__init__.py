"""Pictures of predictions."""

from ..distribution import IS_FULL

__all__ = []

if IS_FULL:
    from .forgery_visualizer import ForgeryVisualizer

    __all__ += ['ForgeryVisualizer']
