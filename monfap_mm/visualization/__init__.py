"""Pictures of predictions."""

from .forgery_visualizer import ForgeryVisualizer

__all__ = ['ForgeryVisualizer']
