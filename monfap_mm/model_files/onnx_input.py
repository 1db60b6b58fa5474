"""Resizing of pictures for an exported model, as the test pipeline does it."""

import cv2
import numpy as np

from .onnx_metadata import ResizeStep

FLAGS = dict(
    nearest=cv2.INTER_NEAREST,
    bilinear=cv2.INTER_LINEAR,
    bicubic=cv2.INTER_CUBIC,
    area=cv2.INTER_AREA,
    lanczos=cv2.INTER_LANCZOS4,
)


def resize_picture(image: np.ndarray, step: ResizeStep | None) -> np.ndarray:
    """Resize a picture (H, W, 3), uint8, where there is a step."""
    if step is None:
        return image
    return cv2.resize(image, resized_size(image.shape[:2], step)[::-1], interpolation=FLAGS[step.interpolation])


def padded_size(size: tuple[int, int], least: tuple[int, int] | None, divisor: int | None) -> tuple[int, int]:
    """Height and width after mmseg's data preprocessor: at least ``least``, or multiples of a divisor."""
    if least is not None:
        return max(size[0], least[0]), max(size[1], least[1])
    if divisor is not None:
        return tuple(-(-length // divisor) * divisor for length in size)
    return tuple(size)


def resized_size(size: tuple[int, int], step: ResizeStep | None) -> tuple[int, int]:
    """Height and width of a picture of ``size`` after a resizing."""
    if step is None:
        return size
    if not step.keep_ratio:
        return step.scale[::-1]
    factor = min(max(step.scale) / max(size), min(step.scale) / min(size))
    return tuple(int(length * factor + 0.5) for length in size)
