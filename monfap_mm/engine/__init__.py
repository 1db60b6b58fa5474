"""Extensions of the runner."""

from .hooks import ForgeryVisualizationHook, StrictCheckpointHook

__all__ = ['ForgeryVisualizationHook', 'StrictCheckpointHook']
