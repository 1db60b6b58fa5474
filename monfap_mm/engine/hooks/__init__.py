"""Hooks of the runner."""

from .strict_checkpoint_hook import StrictCheckpointHook
from .visualization_hook import ForgeryVisualizationHook

__all__ = ['ForgeryVisualizationHook', 'StrictCheckpointHook']
