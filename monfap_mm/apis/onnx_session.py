"""ONNX Runtime, opened for a file and a device."""

import os
from typing import TYPE_CHECKING

from ..distribution import install_extra

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_session(model: str | bytes, device: str | None = None) -> 'InferenceSession':
    """Open an ONNX file, or the contents of one.

    Args:
        model: Path or contents.
        device: 'cpu', or 'cuda', 'cuda:1'... with onnxruntime-gpu. Default: None, a GPU if there is one.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        ValueError: If it is no ONNX file, or damaged; if there is no such device.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ImportError(f'ONNX files need ONNX Runtime: {install_extra("onnx")}') from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised as well, and its warnings are for developers
    # As PyTorch does; 0 is ONNX Runtime's own choice, the number of cores.
    threads = os.environ.get('OMP_NUM_THREADS', '')
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    providers = _providers(device, onnxruntime.get_available_providers())
    try:
        return onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # a damaged file raises nearly anything
        reason = ' '.join(str(error).split())[:200]
        name = model if isinstance(model, str) else 'the model'
        raise ValueError(f'{name} is no ONNX file, or damaged ({reason})') from error


def _providers(device: str | None, available: list[str]) -> list:
    """ONNX Runtime's names for a device."""
    kind, _, number = (device or ('cuda' if 'CUDAExecutionProvider' in available else 'cpu')).partition(':')
    if kind == 'cpu':
        return ['CPUExecutionProvider']
    if kind != 'cuda' or not (number or '0').isdecimal():
        raise ValueError(f"ONNX files run on 'cpu', 'cuda', 'cuda:1'..., not on {device!r}")
    if 'CUDAExecutionProvider' not in available:
        raise ValueError(f'{device} needs the package onnxruntime-gpu in place of onnxruntime')
    return [('CUDAExecutionProvider', dict(device_id=int(number or 0))), 'CPUExecutionProvider']
