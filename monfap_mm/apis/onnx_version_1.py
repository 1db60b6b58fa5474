"""ONNX files of version 1, whose graphs take normalized pictures and give raw logits: what they leave to do."""

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import expit

from ..model_files.onnx_input import padded_size, resized_size
from ..model_files.onnx_metadata import OnnxMetadata
from .onnx_graph import EXPORT_ANEW, GraphOutputs, resize_map

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class GraphOfVersion1:
    """A graph of version 1; methods as those of :class:`OnnxGraph`."""

    INPUTS: ClassVar = {'image': 'tensor(float)'}
    OUTPUTS: ClassVar = {'cls_logits', 'mask_logits', 'coarse_logits'}

    def __init__(self, session: 'InferenceSession', metadata: OnnxMetadata) -> None:
        self.session = session
        self.metadata = metadata
        self.names = [output.name for output in session.get_outputs()]

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Normalize and pad a picture (H, W, 3), uint8, BGR."""
        metadata = self.metadata
        array = (image[..., ::-1] if metadata.bgr_to_rgb else image).astype(np.float32)
        if metadata.mean is not None:
            array = (array - np.array(metadata.mean, np.float32)) / np.array(metadata.std, np.float32)
        size = array.shape[:2]
        target = padded_size(size, metadata.pad_size, metadata.pad_divisor)
        missing = [(0, new - length) for new, length in zip(target, size)]
        return np.pad(array, [*missing, (0, 0)], constant_values=metadata.pad_value)

    def __call__(self, images: np.ndarray) -> GraphOutputs:
        """Answer for prepared pictures of one size, (B, H, W, 3)."""
        feed = dict(image=np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        values = dict(zip(self.names, self.session.run(self.names, feed)))
        size = images.shape[1:3]
        # Real and fake by turns: what counts is their difference, and resizing is linear.
        scores, logits, coarse = (
            values[name][:, 1] - values[name][:, 0] for name in ('cls_logits', 'mask_logits', 'coarse_logits')
        )
        return GraphOutputs(
            scores=expit(scores),
            logits=np.stack([resize_map(one, size) for one in logits]),
            coarse=np.stack([resize_map(expit(one), size) for one in coarse]),
            gates=values.get('gates'),
        )


def check_answers(graph: GraphOfVersion1, window: tuple[int, int] | None, path: str) -> None:
    """Let a graph answer for two pictures of noise: nothing else tells whether an unsealed file was changed.

    Args:
        graph: The graph.
        window: Height and width of the windows that it will be given; None if it is given whole pictures.
        path: The file, for the error.

    Raises:
        ValueError: If it fails, has answers of another form or that are no numbers, or answers what does not depend on
            the picture.
    """
    metadata = graph.metadata
    size = (64, 64) if window is None else (min(64, window[0]), min(64, window[1]))
    resized = resized_size(size, metadata.resize if window is None else None)
    if math.prod(padded_size(resized, metadata.pad_size, metadata.pad_divisor)) > metadata.max_pixels_in_one_piece:
        raise ValueError(f'{path} resizes or pads every picture to more pixels than a model can take')
    noise = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    try:
        with np.errstate(all='ignore'):
            answers = graph(np.stack([graph.prepare(one) for one in noise]))
    except Exception as error:  # ONNX Runtime raises nearly anything
        raise ValueError(f'{path} cannot answer: {" ".join(str(error).split())[:200]}') from error
    for name, values in answers._asdict().items():
        if values is None:
            continue
        if len(values) != len(noise) or not np.isfinite(values).all():
            raise ValueError(f'{path} gives no numbers, or not one for each picture, as {name}: {EXPORT_ANEW}')
        # Gates and the coarse mask may be saturated.
        if name in ('scores', 'logits') and np.array_equal(*values):
            raise ValueError(f'{path} gives {name} that do not depend on the picture: {EXPORT_ANEW}')
