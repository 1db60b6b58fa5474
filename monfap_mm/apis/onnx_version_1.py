"""ONNX files of version 1, whose graphs take normalized pictures and give raw logits: what they leave to do."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import expit

from ..model_files.onnx_input import padded_size
from ..model_files.onnx_metadata import OnnxMetadata
from .onnx_graph import GraphOutputs, resize_map

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
