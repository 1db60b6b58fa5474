"""Extensions of the runner."""

from .hooks import (
    FiniteTrainingHook,
    ForgeryVisualizationHook,
    InferenceFormHook,
    MissedValidationHook,
    SafeCheckpointHook,
    StartWeightsHook,
    StrictCheckpointHook,
)

__all__ = [
    'FiniteTrainingHook',
    'ForgeryVisualizationHook',
    'InferenceFormHook',
    'MissedValidationHook',
    'SafeCheckpointHook',
    'StartWeightsHook',
    'StrictCheckpointHook',
]
