"""An ONNX file, run by ONNX Runtime: no PyTorch, no config."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..media.headers import Source
from ..model_files.onnx_input import padded_size, resize_picture, resized_size
from ..model_files.onnx_metadata import OnnxMetadata, read_metadata
from ..model_files.onnx_seal import is_intact
from ..model_files.starter import STARTER, STARTER_FILE
from ..utils.provenance import hash_file
from ..utils.windows import MODES, average_windows, windows
from .onnx_graph import EXPORT_ANEW, GraphOutputs, OnnxGraph, resize_map
from .onnx_session import open_session
from .onnx_version_1 import GraphOfVersion1, check_answers
from .prediction import Prediction, Prepared

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class OnnxBackend:
    """A :class:`Backend` on ONNX Runtime, with the figures of the model that the file was exported from.

    Args:
        path: The file, made by ``tools/deployment/export.py``.
        device: 'cpu', or 'cuda', 'cuda:1'... with onnxruntime-gpu. Default: None, a GPU if there is one.
        mode: 'whole' or 'slide'. Default: None, what the config said.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If it is no ONNX file, damaged, of others, or was changed after its export; if there is no such mode
            or device.
    """

    has_datasamples = False

    def __init__(self, path: str, device: str | None = None, mode: str | None = None) -> None:
        if mode not in (None, *MODES):
            raise ValueError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        if not os.path.isfile(path):
            raise FileNotFoundError(f'there is no ONNX file {path} (looked in {os.getcwd()})')
        self.weights = path
        self.graph, self.metadata = _open_graph(path, device)
        self.name = STARTER if path == str(STARTER_FILE) else self.metadata.config
        self.mode = mode or self.metadata.mode
        if self.mode == 'slide':
            _check_windows(self.metadata, path)
        if isinstance(self.graph, GraphOfVersion1):
            check_answers(self.graph, self.metadata.crop_size if self.mode == 'slide' else None, path)
        self.experts = self.metadata.experts
        self.max_pixels_in_one_piece = self.metadata.max_pixels_in_one_piece
        # As with a config: the pipeline is left as it is where nobody asks for windows.
        self.resize = self.metadata.resize if mode != 'slide' else None

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Hashes of the config that the file was made from, and of the file."""
        return dict(config=self.metadata.config_hash, weights=hash_file(self.weights))

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width, padding included, of the input that a picture of a height and width becomes."""
        return padded_size(resized_size(size, self.resize), self.metadata.pad_size, self.metadata.pad_divisor)

    def prepare(self, image: np.ndarray, path: str | None, file: Source | None = None) -> Prepared:
        """Resize a picture (H, W, 3), uint8, BGR."""
        resized = resize_picture(image, self.resize)
        return Prepared(resized.shape[:2], (self.graph.prepare(resized), image.shape[:2]))

    def predict(self, batch: list[Prepared]) -> list[Prediction]:
        """Predict pictures whose inputs are of one size."""
        images = np.stack([prepared.data[0] for prepared in batch])
        outputs = self._slide(images) if self.mode == 'slide' else self.graph(images)
        # Graphs of version 1 leave the padding on.
        height, width = batch[0].size
        predictions = []
        for i, prepared in enumerate(batch):
            logits = resize_map(outputs.logits[i, :height, :width], prepared.data[1])
            predictions.append(
                Prediction(
                    score=float(outputs.scores[i]),
                    logits=logits,
                    mask=logits > 0,
                    coarse=None if outputs.coarse is None else outputs.coarse[i, :height, :width],
                    gates=None if outputs.gates is None else outputs.gates[i],
                )
            )
        return predictions

    def _slide(self, images: np.ndarray) -> GraphOutputs:
        """Predict window by window; what windows share is averaged."""
        scores, gates = [], []

        def parts():
            for rows, columns in windows(size, self.metadata.crop_size, self.metadata.stride):
                outputs = self.graph(images[:, rows, columns])
                scores.append(outputs.scores)
                gates.append(outputs.gates)
                yield (rows, columns), [one for one in (outputs.logits, outputs.coarse) if one is not None]

        size = images.shape[1:3]
        logits, *coarse = average_windows(parts(), size, lambda shape: np.zeros(shape, np.float32))
        return GraphOutputs(
            scores=np.max(scores, axis=0) if self.metadata.window_score == 'max' else np.mean(scores, axis=0),
            logits=logits,
            coarse=coarse[0] if coarse else None,
            gates=None if gates[0] is None else np.mean(gates, axis=0),
        )


def _open_graph(path: str, device: str | None) -> tuple[OnnxGraph | GraphOfVersion1, OnnxMetadata]:
    """Open a file, and check that it is as it was exported."""
    session = open_session(path, device)
    metadata = read_metadata(session.get_modelmeta().custom_metadata_map, path)
    kind = GraphOfVersion1 if metadata.schema_version == 1 else OnnxGraph
    if kind is OnnxGraph and not is_intact(path):
        raise ValueError(f'{path} was changed after its export, so its answers cannot be trusted: {EXPORT_ANEW}')
    _check_graph(session, kind, metadata, path)
    return kind(session, metadata), metadata


def _check_graph(
    session: 'InferenceSession', kind: type[OnnxGraph | GraphOfVersion1], metadata: OnnxMetadata, path: str
) -> None:
    """Raise a ValueError unless inputs, outputs and number of experts are those that the metadata tells of."""
    inputs = {node.name: node.type for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
    if inputs != kind.INPUTS or not set(outputs) >= kind.OUTPUTS:
        raise ValueError(f'{path} has another graph than its metadata tells of: {EXPORT_ANEW}')
    experts = outputs['gates'][-1] if 'gates' in outputs else 0
    if experts != len(metadata.experts):
        names = ', '.join(metadata.experts) or 'none'
        raise ValueError(f'{path} has gates for {experts} experts, and its metadata names {names}: {EXPORT_ANEW}')


def _check_windows(metadata: OnnxMetadata, path: str) -> None:
    """Raise a ValueError where pictures cannot be taken apart into windows."""
    if metadata.crop_size is None:
        raise ValueError(f'{path} does not know the size of a window: export it with model.test_cfg.crop_size')
    # From version 2 on the graph pads, and would pad each window.
    if metadata.pads and metadata.schema_version > 1:
        raise ValueError(f'{path} pads its pictures, which it cannot do in windows: use mode whole, or the checkpoint')
