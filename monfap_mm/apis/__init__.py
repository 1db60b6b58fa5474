"""Ask a trained model: from Python, one picture or a million."""

from ..model_files.model_zoo import find_model, list_models
from .inferencer import ForgeryInferencer
from .video_inference import predict_video

__all__ = ['ForgeryInferencer', 'find_model', 'list_models', 'predict_video']
