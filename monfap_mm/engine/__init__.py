"""Extensions of the runner."""

from .hooks import ForgeryVisualizationHook, InferenceFormHook, StrictCheckpointHook

__all__ = ['ForgeryVisualizationHook', 'InferenceFormHook', 'StrictCheckpointHook']
