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
