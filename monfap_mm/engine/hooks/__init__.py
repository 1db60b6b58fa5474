"""Hooks of the runner."""

from .inference_form_hook import InferenceFormHook
from .strict_checkpoint_hook import StrictCheckpointHook
from .visualization_hook import ForgeryVisualizationHook

__all__ = ['ForgeryVisualizationHook', 'InferenceFormHook', 'StrictCheckpointHook']
