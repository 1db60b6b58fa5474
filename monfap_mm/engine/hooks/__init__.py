"""Hooks of the runner."""

from .finite_training_hook import FiniteTrainingHook
from .hifi_center_hook import HiFiCenterHook
from .inference_form_hook import InferenceFormHook
from .missed_validation_hook import MissedValidationHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .start_weights_hook import StartWeightsHook
from .strict_checkpoint_hook import StrictCheckpointHook
from .visualization_hook import ForgeryVisualizationHook

__all__ = [
    'FiniteTrainingHook',
    'ForgeryVisualizationHook',
    'HiFiCenterHook',
    'InferenceFormHook',
    'MissedValidationHook',
    'SafeCheckpointHook',
    'StartWeightsHook',
    'StrictCheckpointHook',
]
