"""Which manipulated faces are found?

A face is a connected region of fake pixels in the truth, or, where boxes are given, the fake pixels nearest to a box.
Its prediction is made of the predicted regions that overlap it: a region that overlaps one face belongs to it as a
whole; one that overlaps several is divided between them, each pixel to the nearest face. So two faces whose
predictions touch can both be found, a blob over half the picture finds none, and a false alarm elsewhere in the picture
costs no face (the pixel metrics tell of it). A face is found if its IoU with its prediction is at least 0.5.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from ...structures.connected_regions import drop_specks, label_regions

FOUND_IOU = 0.5
# Share of the image from which a face is medium or large: COCO's 32 x 32 and 96 x 96 pixels in an image of 512 x 512.
SIZES = ('small', 'medium', 'large')
SIZE_LIMITS = (32**2 / 512**2, 96**2 / 512**2)


def count_faces(
    prediction: np.ndarray, target: np.ndarray, boxes: Sequence[Sequence[float]] | None = None
) -> tuple[tuple[int, int], ...]:
    """Count the manipulated faces of an image and how many of them are found.

    Args:
        prediction: Where the prediction is fake, (H, W), bool.
        target: Where the truth is, (H, W), bool.
        boxes: Faces as x1, y1, x2, y2 in pixels, (N, 4); those that no fake pixel is near to do not count.

    Returns:
        Found and all faces, for small, medium and large ones.

    Raises:
        ValueError: If a box is not made of four finite numbers with x1 < x2 and y1 < y2.
    """
    faces = label_faces(target, boxes)
    if not faces.any():
        return ((0, 0),) * len(SIZES)
    areas, ious = face_ious(prediction, faces)
    sizes = np.searchsorted(SIZE_LIMITS, areas / target.size, side='right')
    return tuple(
        (int(np.sum(ious[sizes == size] >= FOUND_IOU)), int(np.sum(sizes == size))) for size in range(len(SIZES))
    )


def label_faces(target: np.ndarray, boxes: Sequence[Sequence[float]] | None = None) -> np.ndarray:
    """Number the manipulated faces of an image.

    Args:
        target: Where the truth is fake, (H, W), bool.
        boxes: Faces as x1, y1, x2, y2 in pixels, (N, 4); without any, connected regions (8 neighbors) are faces.

    Returns:
        The number of the face at each pixel from 1, without gaps, and 0 elsewhere, (H, W).

    Raises:
        ValueError: If a box is not made of four finite numbers with x1 < x2 and y1 < y2.
    """
    if boxes is None or len(boxes) == 0:
        return label_regions(target)
    return drop_specks(_nearest_box(target, _check_boxes(boxes)))


def face_ious(prediction: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas of the faces of :func:`label_faces` in pixels, and the IoU of each with its prediction, both (N,)."""
    num_faces = int(faces.max(initial=0))
    owned = _divide_prediction(prediction, faces)
    areas, predicted, common = (
        np.bincount(labels, minlength=num_faces + 1)[1:]
        for labels in (faces.ravel(), owned.ravel(), faces[faces == owned])
    )
    return areas, common / (areas + predicted - common)


def _divide_prediction(prediction: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The number of the face that each predicted pixel belongs to, or 0, (H, W)."""
    num_regions, regions = cv2.connectedComponents(prediction.astype(np.uint8), connectivity=8)
    both = prediction & (faces > 0)
    stride = int(faces.max(initial=0)) + 1
    overlapping, faces_of = np.divmod(np.unique(regions[both].astype(int) * stride + faces[both]), stride)
    owners = np.zeros(num_regions, faces.dtype)
    owners[overlapping] = faces_of
    num_owners = np.bincount(overlapping, minlength=num_regions)
    owned = owners[regions]
    shared = (num_owners > 1)[regions]
    if shared.any():
        nearest = distance_transform_edt(faces == 0, return_distances=False, return_indices=True)
        owned[shared] = faces[tuple(nearest)][shared]
    return owned


def _check_boxes(boxes: Sequence[Sequence[float]]) -> np.ndarray:
    boxes = np.asarray(boxes, float)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all() or (boxes[:, :2] >= boxes[:, 2:]).any():
        raise ValueError(f'face_boxes must be rows of x1, y1, x2, y2 with x1 < x2 and y1 < y2, got {boxes.tolist()}')
    return boxes


def _nearest_box(target: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The number of the box nearest to each fake pixel, the smallest box where several are around it."""
    points = np.argwhere(target)[:, ::-1]
    nearest, smallest_distance = np.zeros(len(points), int), np.full(len(points), np.inf)
    for number in np.argsort(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind='stable'):
        outside = np.maximum(0, np.maximum(boxes[number, :2] - points, points - boxes[number, 2:]))
        distance = np.hypot(*outside.T)
        closer = distance < smallest_distance
        nearest[closer], smallest_distance[closer] = number + 1, distance[closer]
    labels = np.zeros(target.shape, int)
    labels[target] = nearest
    return labels
