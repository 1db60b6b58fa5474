"""Face boxes: checking them, the elliptic region inside a box, and warping one box onto another."""

from dataclasses import dataclass

import cv2
import numpy as np

MIN_SIDE = 8


def check_boxes(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Check face boxes against an image, and clip them to it.

    Args:
        boxes: ``(N, 4)`` numbers x1, y1, x2, y2 in pixels; a box may stick out of the image.
        shape: Shape of the image, height first.

    Returns:
        What shows of each box inside the image, float64 ``(N, 4)``.

    Raises:
        ValueError: If a box is no box, or shows less than ``MIN_SIDE`` pixels of itself inside the image.
    """
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(f'Face boxes must be finite numbers of shape (N, 4): x1, y1, x2, y2; got {boxes.tolist()}.')
    height, width = shape[:2]
    visible = np.clip(boxes, 0, [width, height, width, height])
    for number, (box, seen) in enumerate(zip(boxes, visible)):
        if min(seen[2] - seen[0], seen[3] - seen[1]) < MIN_SIDE:
            raise ValueError(
                f'Face box {number} {box.tolist()} shows less than {MIN_SIDE} x {MIN_SIDE} pixels inside the image of '
                f'{width} x {height} pixels: drop it, or give the image at a larger size.'
            )
    return visible


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels in an image: columns x1 to x2 - 1, rows y1 to y2 - 1."""

    x1: int
    y1: int
    x2: int
    y2: int

    @classmethod
    def around(cls, box: np.ndarray, shape: tuple[int, ...], margin: int) -> 'Window':
        """The window that holds ``box`` and ``margin`` pixels around it, clipped to the image."""
        height, width = shape[:2]
        x1, y1 = np.maximum(np.floor(box[:2]).astype(int) - margin, 0)
        x2, y2 = np.minimum(np.ceil(box[2:]).astype(int) + margin, [width, height])
        return cls(int(x1), int(y1), int(x2), int(y2))

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the window in an image."""
        return slice(self.y1, self.y2), slice(self.x1, self.x2)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as OpenCV wants them."""
        return self.x2 - self.x1, self.y2 - self.y1


def ellipse_coverage(box: np.ndarray, window: Window, feather: float) -> np.ndarray:
    """Coverage of the ellipse inside a box.

    Args:
        box: x1, y1, x2, y2 in pixels.
        window: Where to evaluate it.
        feather: Width in pixels of the soft edge, which lies half inside and half outside the ellipse.

    Returns:
        Float32 ``(h, w)`` in [0, 1]; 0.5 on the ellipse itself.
    """
    centre, radii = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    x = (np.arange(window.x1, window.x2) + 0.5 - centre[0]) / radii[0]
    y = ((np.arange(window.y1, window.y2) + 0.5 - centre[1]) / radii[1])[:, None]
    inside = (1 - np.hypot(x, y)) * radii.min()
    return np.clip(inside / max(feather, 1e-3) + 0.5, 0, 1).astype(np.float32)


def warp_box(
    image: np.ndarray,
    source_box: np.ndarray,
    target_box: np.ndarray,
    window: Window,
    interpolation: int = cv2.INTER_LINEAR,
) -> np.ndarray:
    """Fill ``window`` with ``image`` moved and stretched so that ``source_box`` lands on ``target_box``."""
    scale = (target_box[2:] - target_box[:2]) / (source_box[2:] - source_box[:2])
    # OpenCV's coordinates count from the center of the first pixel, boxes from its corner.
    shift = target_box[:2] - scale * source_box[:2] - (window.x1, window.y1) + 0.5 * scale - 0.5
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    if scale.max() < 0.7:  # shrinking without a low-pass would alias
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale.max())
    return cv2.warpAffine(image, matrix, window.size, flags=interpolation, borderMode=cv2.BORDER_REFLECT)
