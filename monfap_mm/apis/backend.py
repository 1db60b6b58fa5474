"""What the ways to run a model have in common: arrays in, arrays out."""

import os
from typing import TYPE_CHECKING

from ..distribution import BACKENDS, INSTALL_FULL, IS_FULL
from ..model_files.starter import STARTER, STARTER_FILE
from .prediction import Backend

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config


def load_backend(
    model: 'str | os.PathLike | Config',
    weights: str | os.PathLike | None = None,
    device: 'str | torch.device | None' = None,
    mode: str | None = None,
    backend: str | None = None,
) -> Backend:
    """Load a model; arguments as those of :class:`ForgeryInferencer`.

    Raises:
        ImportError: If what the backend needs is not installed; says what to install.
        FileNotFoundError: If there is no such config, checkpoint or ONNX file.
        ValueError: If the arguments contradict each other, or a file is not what it should be.
    """
    model = str(STARTER_FILE) if model == STARTER else model
    model = os.fspath(model) if isinstance(model, os.PathLike) else model
    weights = None if weights is None else os.fspath(weights)
    device = None if device is None else str(device)
    is_onnx_file = isinstance(model, str) and model.lower().endswith('.onnx')
    backend = backend or ('onnx' if is_onnx_file else 'torch')
    if backend not in BACKENDS:
        raise ValueError(f'backend must be one of {", ".join(BACKENDS)}, got {backend!r}')
    if backend == 'onnx':
        if not is_onnx_file:
            raise ValueError(f"backend 'onnx' takes an .onnx file, made by tools/deployment/export.py, not {model}")
        if weights is not None:
            raise ValueError(f'{model} holds its weights: leave out {weights}, or name its config as the model')
        from .onnx_backend import OnnxBackend

        return OnnxBackend(model, device, mode)
    if is_onnx_file:
        raise ValueError(f"{model} runs with backend 'onnx'")
    if not IS_FULL:
        raise ImportError(
            f'configs and checkpoints need PyTorch and the full package, {INSTALL_FULL}; monfap_mm-lite answers '
            'from .onnx files, which tools/deployment/export.py of the full package makes'
        )
    from .torch_backend import TorchBackend

    return TorchBackend(model, weights, device, mode)
