"""Finding faces: one interface, two detectors of OpenCV's, both on the CPU."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

import cv2
import numpy as np

from ..jobs.errors import JobError
from ..utils.fit_size import fit_size

DETECTORS = ('cascade', 'yunet')
_WHERE_YUNET_IS = (
    'face_detection_yunet_2023mar.onnx or a like file of the OpenCV model zoo (github.com/opencv/opencv_zoo, folder '
    'models/face_detection_yunet, MIT license)'
)


class FaceDetector(Protocol):
    """Finds faces; may be pickled and used in any number of processes."""

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Find the faces of an image.

        Args:
            image: Uint8 BGR ``(H, W, 3)``.

        Returns:
            Float64 ``(N, 4)``: x1, y1, x2, y2 in pixels, inside the image, from the top of the image to its bottom.
        """
        ...

    def describe(self) -> dict:
        """What the result depends on, ready for JSON."""
        ...


def build_detector(name: str | None = None, model: str | os.PathLike | None = None) -> FaceDetector:
    """Build a face detector.

    Args:
        name: ``'cascade'`` (comes with OpenCV) or ``'yunet'`` (better and faster, needs a file); by default ``'yunet'``
            if a model is given, else ``'cascade'``.
        model: YuNet's ONNX file.

    Raises:
        JobError: If the detector is unknown, or its file is missing or unreadable.
    """
    name = name or ('yunet' if model else 'cascade')
    if name not in DETECTORS:
        raise JobError(f'There is no face detector {name!r}: choose from {", ".join(DETECTORS)}.')
    if name == 'cascade':
        return CascadeDetector()
    if not model:
        raise JobError(f"The detector 'yunet' needs its model (--face-model FILE): {_WHERE_YUNET_IS}.")
    return YuNetDetector.load(model)


@dataclass(frozen=True)
class CascadeDetector:
    """Viola and Jones' cascade of Haar features, as it comes with OpenCV: frontal faces only.

    Attributes:
        side: Images are scaled so that their longer side has this many pixels, but enlarged at most twice.
        neighbours: How many overlapping hits make a face: more miss more, and err less.
    """

    name: ClassVar[str] = 'cascade'
    side: int = 1024
    neighbours: int = 5

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See :class:`FaceDetector`."""
        scaled, factors = _scale(image, self.side, enlarge=2.0)
        grey = cv2.cvtColor(scaled, cv2.COLOR_BGR2GRAY)
        found = _load_cascade().detectMultiScale(grey, 1.1, self.neighbours, minSize=(20, 20))
        return _to_boxes(np.reshape(np.asarray(found, np.float64), (-1, 4)), factors, image.shape)

    def describe(self) -> dict:
        """See :class:`FaceDetector`."""
        return {'detector': self.name, 'side': self.side, 'neighbours': self.neighbours}


@cache
def _load_cascade() -> cv2.CascadeClassifier:
    # OpenCV's objects do not pickle: every process makes its own.
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades, 'haarcascade_frontalface_default.xml')))


@dataclass(frozen=True)
class YuNetDetector:
    """YuNet, a small convolutional network, run by OpenCV: faces from about 10 pixels on, from all sides.

    Attributes:
        content: Bytes of the ONNX file.
        side: Images are scaled down so that their longer side has at most this many pixels.
        score: Least score of a face, 0 to 1.
    """

    name: ClassVar[str] = 'yunet'
    content: bytes = field(repr=False)
    side: int = 1024
    score: float = 0.7

    @classmethod
    def load(cls, path: str | os.PathLike) -> 'YuNetDetector':
        """Read the model, and try it.

        Raises:
            JobError: If the file is missing or no model of YuNet.
        """
        try:
            detector = cls(Path(path).read_bytes())
            detector.detect(np.zeros((64, 64, 3), np.uint8))
        except OSError as error:
            raise JobError(
                f'Cannot read the face model {path}: {error.strerror}. Needed: {_WHERE_YUNET_IS}.'
            ) from error
        except cv2.error as error:
            raise JobError(f'{path} is no model of YuNet ({error.err}). Needed: {_WHERE_YUNET_IS}.') from error
        return detector

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See :class:`FaceDetector`."""
        scaled, factors = _scale(image, self.side, enlarge=1.0)
        network = _load_yunet(self.content, self.score)
        network.setInputSize((scaled.shape[1], scaled.shape[0]))
        found = network.detect(scaled)[1]
        found = np.zeros((0, 4)) if found is None else found[:, :4].astype(np.float64)
        return _to_boxes(found, factors, image.shape)

    def describe(self) -> dict:
        """See :class:`FaceDetector`."""
        model = hashlib.sha256(self.content).hexdigest()
        return {'detector': self.name, 'side': self.side, 'score': self.score, 'model': model}


@cache
def _load_yunet(content: bytes, score: float) -> cv2.FaceDetectorYN:
    model, no_config = np.frombuffer(content, np.uint8), np.empty(0, np.uint8)
    return cv2.FaceDetectorYN.create('onnx', model, no_config, (320, 320), score_threshold=score)


def _scale(image: np.ndarray, side: int, enlarge: float) -> tuple[np.ndarray, np.ndarray]:
    """Scale an image to a longer side; also returns the factors along x and y, which rounding may set apart."""
    size = image.shape[:2]
    scaled = fit_size(size, (side, side), enlarge)
    if scaled != size:
        shrinks = max(scaled) < max(size)
        image = cv2.resize(image, scaled[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return image, np.divide(scaled, size)[::-1]


def _to_boxes(found: np.ndarray, factors: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Turn x, y, width, height in the scaled image into corners in the image, in a fixed order."""
    corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1) / np.tile(factors, 2)
    boxes = np.clip(corners, 0, [shape[1], shape[0], shape[1], shape[0]])
    boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
    return boxes[np.lexsort((boxes[:, 0], boxes[:, 1]))]
