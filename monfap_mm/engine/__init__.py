"""Extensions of the runner."""

from .hooks import (
    FiniteTrainingHook,
    ForgeryVisualizationHook,
    HiFiCenterHook,
    InferenceFormHook,
    MissedValidationHook,
    SafeCheckpointHook,
    StartWeightsHook,
    StrictCheckpointHook,
)
from .parts_optimizers import PartsOptimWrapperConstructor

__all__ = [
    'FiniteTrainingHook',
    'ForgeryVisualizationHook',
    'HiFiCenterHook',
    'InferenceFormHook',
    'MissedValidationHook',
    'PartsOptimWrapperConstructor',
    'SafeCheckpointHook',
    'StartWeightsHook',
    'StrictCheckpointHook',
]
