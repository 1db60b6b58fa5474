"""The graph of an ONNX file as a function: pictures in, answers at their size out."""

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import cv2
import numpy as np

from ..model_files.onnx_metadata import OnnxMetadata

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

EXPORT_ANEW = 'export it anew with tools/deployment/export.py'


class GraphOutputs(NamedTuple):
    """What a graph says of B pictures of H x W pixels.

    Attributes:
        scores: P(fake) of each, (B,).
        logits: Logit of each pixel's P(fake), (B, H, W).
        coarse: P(fake) of the coarse mask, (B, H, W).
        gates: Gate values, (B, L, E).
    """

    scores: np.ndarray
    logits: np.ndarray
    coarse: np.ndarray | None
    gates: np.ndarray | None


class OnnxGraph:
    """A graph of version 2: normalization, padding, resizing and softmax are in it.

    Args:
        session: The open file.
        metadata: What it says of itself.
    """

    INPUTS: ClassVar = {'image': 'tensor(uint8)', 'size': 'tensor(int64)'}
    OUTPUTS: ClassVar = {'score', 'logits'}

    def __init__(self, session: 'InferenceSession', metadata: OnnxMetadata) -> None:
        self.session = session
        self.names = [output.name for output in session.get_outputs() if output.name != 'probability']

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3), uint8, BGR, in the form in which windows are taken from it."""
        return image

    def __call__(self, images: np.ndarray) -> GraphOutputs:
        """Answer for prepared pictures of one size, (B, H, W, 3)."""
        feed = dict(image=np.ascontiguousarray(images), size=np.array(images.shape[1:3], np.int64))
        values = dict(zip(self.names, self.session.run(self.names, feed)))
        return GraphOutputs(values['score'], values['logits'], values.get('coarse'), values.get('gates'))


def resize_map(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W) bilinearly to a height and width; as PyTorch does with ``align_corners=False``."""
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
