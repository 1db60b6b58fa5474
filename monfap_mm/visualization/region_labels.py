"""Where the numbers of regions go: beside or on their region, never on each other, tiny and crowded ones included."""

from collections.abc import Sequence

import numpy as np

Box = Sequence[float]
# Distances from the edge of a box, in radii of a label, and directions of the places that are tried.
RINGS = (1.2, 2.4, 4, 6, 9, 13)
DIRECTIONS = 16
# What a place costs: a number hidden is worse than any way; a region hidden as bad as a way of 8 radii.
COST_LABEL, COST_REGION, COST_RADIUS = 1000, 8, 1


def place_labels(boxes: Sequence[Box], room: Box, radius: float) -> list[tuple[float, float]]:
    """Find a place for the round label of each region.

    In turn, each takes the cheapest of the places in and around its region: without labels that are there already,
    with as little as possible of any region hidden, and near.

    Args:
        boxes: Regions as x1, y1, x2, y2.
        room: What labels must not leave, likewise.
        radius: Radius of a label, in pixels.

    Returns:
        Centers x, y, one per region.
    """
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    placed = np.empty((0, 2))
    for box in boxes:
        places = _places(box, room, radius)
        hidden = np.hypot(*(places[:, None] - placed[None]).transpose(2, 0, 1)) < 2 * radius
        distance = np.hypot(*(places - _center(box)).T) / radius
        cost = COST_LABEL * hidden.sum(1) + COST_REGION * _covered(places, boxes, radius) + COST_RADIUS * distance
        placed = np.vstack([placed, places[np.argmin(cost)]])
    return [(float(x), float(y)) for x, y in placed]


def _center(box: Box) -> np.ndarray:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def _places(box: Box, room: Box, radius: float) -> np.ndarray:
    """The middle of a box and points around it, (K, 2), moved into the room."""
    angle = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    half = np.array([box[2] - box[0], box[3] - box[1]]) / 2
    # The way from the middle to the edge of the box in each direction.
    edge = np.min(half / np.maximum(np.abs(direction), 1e-9), axis=1, keepdims=True)
    rings = [_center(box) + direction * (edge + ring * radius) for ring in RINGS]
    low, high = np.array(room[:2]) + radius, np.array(room[2:]) - radius
    return np.clip(np.vstack([_center(box)[None], *rings]), low, np.maximum(low, high))


def _covered(places: np.ndarray, boxes: np.ndarray, radius: float) -> np.ndarray:
    """The shares of all boxes that a label at each place hides, summed, (K,)."""
    low = np.maximum(places[:, None] - radius, boxes[None, :, :2])
    high = np.minimum(places[:, None] + radius, boxes[None, :, 2:])
    area = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1)
    return (np.prod(np.maximum(high - low, 0), axis=2) / area).sum(1)
