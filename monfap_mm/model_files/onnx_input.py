"""Pictures as an exported model takes them: what the test pipeline and mmseg's data preprocessor do, without them."""

import cv2
import numpy as np

from .onnx_metadata import OnnxMetadata, ResizeStep

INTERPOLATIONS = dict(
    nearest=cv2.INTER_NEAREST,
    bilinear=cv2.INTER_LINEAR,
    bicubic=cv2.INTER_CUBIC,
    area=cv2.INTER_AREA,
    lanczos=cv2.INTER_LANCZOS4,
)


class OnnxInput:
    """Resizes, normalises and pads.

    Args:
        metadata: What the file says of itself.
        resized: Whether pictures are resized where the metadata says so.
    """

    def __init__(self, metadata: OnnxMetadata, resized: bool) -> None:
        self.metadata = metadata
        self.resize = metadata.resize if resized else None

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
        """Make a picture ready.

        Args:
            image: (H, W, 3), uint8, BGR.

        Returns:
            The input (3, H', W'), float32, and height and width of that part of it which is not padding.
        """
        if self.resize is not None:
            size = resized_size(image.shape[:2], self.resize)
            image = cv2.resize(image, size[::-1], interpolation=INTERPOLATIONS[self.resize.interpolation])
        if self.metadata.bgr_to_rgb:
            image = image[..., ::-1]
        array = image.transpose(2, 0, 1).astype(np.float32)
        if self.metadata.mean is not None:
            mean, std = (
                np.array(values, np.float32)[:, None, None] for values in (self.metadata.mean, self.metadata.std)
            )
            array = (array - mean) / std
        return self._pad(array), array.shape[1:]

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the input that a picture of ``size`` becomes."""
        size = size if self.resize is None else resized_size(size, self.resize)
        return padded_size(size, self.metadata.pad_size, self.metadata.pad_divisor)

    def _pad(self, array: np.ndarray) -> np.ndarray:
        target = padded_size(array.shape[1:], self.metadata.pad_size, self.metadata.pad_divisor)
        missing = [(0, new - length) for new, length in zip(target, array.shape[1:])]
        return np.pad(array, [(0, 0), *missing], constant_values=self.metadata.pad_value)


def padded_size(size: tuple[int, int], least: tuple[int, int] | None, divisor: int | None) -> tuple[int, int]:
    """Height and width after mmseg's data preprocessor: at least ``least``, or multiples of a divisor."""
    if least is not None:
        return max(size[0], least[0]), max(size[1], least[1])
    if divisor is not None:
        return tuple(-(-length // divisor) * divisor for length in size)
    return tuple(size)


def resized_size(size: tuple[int, int], step: ResizeStep) -> tuple[int, int]:
    """Height and width of a picture of ``size`` after a resizing."""
    if not step.keep_ratio:
        return step.scale[::-1]
    factor = min(max(step.scale) / max(size), min(step.scale) / min(size))
    return tuple(int(length * factor + 0.5) for length in size)
