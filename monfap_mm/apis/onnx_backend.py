"""An ONNX file, run by ONNX Runtime: no PyTorch, no config."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from scipy.special import expit

from ..distribution import install_extra
from ..model_files.onnx_input import OnnxInput
from ..model_files.onnx_metadata import read_metadata
from ..utils.provenance import hash_file
from ..utils.windows import MODES, windows
from .prediction import Prediction, Prepared

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

EXTRA = f'ONNX files need ONNX Runtime: {install_extra("onnx")}'


class _Outputs(NamedTuple):
    """What the graph says of a batch: P(fake) (B,), logits and coarse P(fake) (B, H, W), gate values (B, L, E)."""

    scores: np.ndarray
    logits: np.ndarray
    coarse: np.ndarray
    gates: np.ndarray | None


class OnnxBackend:
    """A :class:`Backend` on ONNX Runtime, with the figures of the model that the file was exported from.

    Args:
        path: The file, made by ``tools/deployment/export.py``.
        device: 'cpu', or 'cuda', 'cuda:1'... with onnxruntime-gpu. Default: None, a GPU if there is one.
        mode: 'whole' or 'slide'. Default: None, what the config said.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If it is no ONNX file, damaged, or of others; if there is no such mode or device.
    """

    has_datasamples = False

    def __init__(self, path: str, device: str | None = None, mode: str | None = None) -> None:
        if mode not in (None, *MODES):
            raise ValueError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        if not os.path.isfile(path):
            raise FileNotFoundError(f'there is no ONNX file {path} (looked in {os.getcwd()})')
        self.weights = path
        self.session = open_session(path, device)
        self.metadata = read_metadata(self.session.get_modelmeta().custom_metadata_map, path)
        self.mode = mode or self.metadata.mode
        if self.mode == 'slide' and self.metadata.crop_size is None:
            raise ValueError(f'{path} does not know the size of a window: export it with model.test_cfg.crop_size')
        self.experts = self.metadata.experts
        # As with a config: the pipeline is left as it is where nobody asks for windows.
        self.input = OnnxInput(self.metadata, resized=mode != 'slide')

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Hashes of the config that the file was made from, and of the file."""
        return dict(config=self.metadata.config_hash, weights=hash_file(self.weights))

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width, padding included, of the input that a picture of a height and width becomes."""
        return self.input.size(size)

    def prepare(self, image: np.ndarray, path: str | None) -> Prepared:
        """Resize, normalise and pad a picture (H, W, 3), uint8, BGR."""
        array, content = self.input(image)
        return Prepared(array.shape[1:], (array, content, image.shape[:2]))

    def predict(self, batch: list[Prepared]) -> list[Prediction]:
        """Predict pictures whose inputs are of one size."""
        images = np.stack([prepared.data[0] for prepared in batch])
        outputs = self._slide(images) if self.mode == 'slide' else self._run(images)
        predictions = []
        for i, prepared in enumerate(batch):
            _, (height, width), original_size = prepared.data
            logits = _resize(outputs.logits[i, :height, :width], original_size)
            predictions.append(
                Prediction(
                    score=float(outputs.scores[i]),
                    logits=logits,
                    mask=logits > 0,
                    coarse=outputs.coarse[i, :height, :width],
                    gates=None if outputs.gates is None else outputs.gates[i],
                )
            )
        return predictions

    def _run(self, images: np.ndarray) -> _Outputs:
        """Predict images (B, 3, H, W), or windows of them."""
        names = [output.name for output in self.session.get_outputs()]
        values = dict(zip(names, self.session.run(names, {'image': images})))
        size = images.shape[2:]
        # Real and fake by turns: what counts is their difference, and resizing is linear.
        logits, coarse = (values[name][:, 1] - values[name][:, 0] for name in ('mask_logits', 'coarse_logits'))
        return _Outputs(
            scores=expit(values['cls_logits'][:, 1] - values['cls_logits'][:, 0]),
            logits=np.stack([_resize(one, size) for one in logits]),
            coarse=np.stack([_resize(expit(one), size) for one in coarse]),
            gates=values.get('gates'),
        )

    def _slide(self, images: np.ndarray) -> _Outputs:
        """Predict window by window; what windows share is averaged."""
        logits, coarse = np.zeros((2, len(images), *images.shape[2:]), np.float32)
        count = np.zeros(images.shape[2:], np.float32)
        scores, gates = [], []
        for rows, columns in windows(images.shape[2:], self.metadata.crop_size, self.metadata.stride):
            outputs = self._run(np.ascontiguousarray(images[:, :, rows, columns]))
            logits[:, rows, columns] += outputs.logits
            coarse[:, rows, columns] += outputs.coarse
            count[rows, columns] += 1
            scores.append(outputs.scores)
            gates.append(outputs.gates)
        return _Outputs(
            scores=np.max(scores, axis=0) if self.metadata.window_score == 'max' else np.mean(scores, axis=0),
            logits=logits / count,
            coarse=coarse / count,
            gates=None if gates[0] is None else np.mean(gates, axis=0),
        )


def open_session(model: str | bytes, device: str | None = None) -> 'InferenceSession':
    """Open an ONNX file, or the contents of one; device and errors as those of :class:`OnnxBackend`."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ImportError(EXTRA) from error
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


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W) bilinearly to a height and width; as PyTorch does with ``align_corners=False``."""
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
