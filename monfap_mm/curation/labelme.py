"""LabelMe's annotations, a JSON file for each picture, in the form of COCO's."""

import base64
import io
import json
import math
import posixpath
from pathlib import Path
from typing import Any

import numpy as np

from ..media.errors import BadInput
from ..media.images import read_mask
from ..media.paths import safe_join
from ..structures.rle import encode_rle
from .coco import CocoAnnotation, CocoImage

# Corners of the polygon that stands for a circle.
_CORNERS = 64


def read_labelme(src: Path, name: str, max_pixels: int) -> CocoImage | None:
    """Read a file of LabelMe; its shapes become polygons and run lengths, in the order of the file.

    Args:
        src: Folder of the set.
        name: Path of the file below it. The picture's path in it is relative to the file; backslashes are slashes.
        max_pixels: Largest picture.

    Returns:
        The picture with its shapes, all of them, labels in lower case; None for JSON of another kind. Why a file cannot
        be trusted is in ``problems``.
    """
    try:
        content = json.loads(safe_join(src, name).read_bytes())
    except (BadInput, OSError, ValueError, RecursionError) as error:
        return CocoImage(name, None, problems=[f'cannot read {name}: {error}'])
    if not isinstance(content, dict) or not isinstance(content.get('shapes'), list):
        return None
    path, height, width = (content.get(key) for key in ('imagePath', 'imageHeight', 'imageWidth'))
    if not isinstance(path, str):
        return CocoImage(name, None, problems=[f'{name} has no imagePath'])
    size = (height, width) if type(height) is type(width) is int else None
    image = CocoImage(posixpath.normpath(posixpath.join(posixpath.dirname(name), path.replace('\\', '/'))), size)
    for number, shape in enumerate(content['shapes'], start=1):
        try:
            image.annotations.append(_read_shape(shape, size, max_pixels))
        except (BadInput, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            reason = str(error) if isinstance(error, BadInput) else 'it is damaged'
            image.problems.append(f'shape {number} of {name}: {reason}')
    return image


def _read_shape(shape: dict, size: tuple[int, int] | None, max_pixels: int) -> CocoAnnotation:
    kind, points = shape.get('shape_type') or 'polygon', np.asarray(shape['points'], np.float64)
    label = shape['label'].lower()
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise BadInput('its points are no pairs x, y')
    if kind == 'mask':
        return CocoAnnotation(label, _read_mask(shape['mask'], points, size, max_pixels))
    if kind == 'polygon':
        if len(points) < 3:
            raise BadInput('a polygon needs three or more points')
        corners = points
    elif kind == 'rectangle':
        (x1, y1), (x2, y2) = points
        corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    elif kind == 'circle':
        center, edge = points
        angles = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
        corners = center + math.dist(center, edge) * np.stack([np.cos(angles), np.sin(angles)], 1)
    else:
        raise BadInput(f'a {kind} has no area')
    return CocoAnnotation(label, [corners.astype(np.float32).ravel()])


def _read_mask(text: Any, points: np.ndarray, size: tuple[int, int] | None, max_pixels: int) -> dict:
    """A small PNG at its place, as run lengths of the whole picture."""
    if size is None or min(size) < 1 or math.prod(size) > max_pixels:
        raise BadInput('a mask needs imageHeight and imageWidth, and within --max-pixels')
    part = read_mask(io.BytesIO(base64.b64decode(text, validate=True)), max_pixels) > 0
    left, top = (round(number) for number in points[0])
    whole = np.zeros(size, bool)
    if left < 0 or top < 0 or top + part.shape[0] > size[0] or left + part.shape[1] > size[1]:
        raise BadInput('its mask lies outside of the picture')
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return encode_rle(whole)
