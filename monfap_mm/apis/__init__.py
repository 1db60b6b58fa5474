"""Ask a trained model: from Python, one picture or a million."""

from .inferencer import ForgeryInferencer
from .model_zoo import find_model, list_models

__all__ = ['ForgeryInferencer', 'find_model', 'list_models']
