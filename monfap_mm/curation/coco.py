"""Annotations in the format of COCO: reading a file of them compactly, and drawing one."""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from ..distribution import install_extra
from ..jobs.errors import JobError
from ..media.errors import BadInput
from .run_lengths import draw_runs

try:
    from pycocotools import mask as coco_mask
except ImportError as error:
    raise ImportError(f'COCO annotations need pycocotools: {install_extra("data")}') from error


# In pixels. Rounding gives the polygons without area one of this order.
_MIN_AREA = 1e-3


class CocoAnnotation(NamedTuple):
    """An annotation, of one face or other thing.

    Attributes:
        category: Name of its category, in lower case.
        segmentation: A list of polygons (float32 arrays x, y, x, y, ...), a run-length encoding as the file has it, or
            anything else that stood there.
        area: Pixels, as the file has it; None where it has no number.
        box: x, y, width and height in pixels, likewise.
    """

    category: str
    segmentation: Any
    area: float | None = None
    box: tuple[float, ...] | None = None


@dataclass
class CocoImage:
    """An image with its annotations.

    Attributes:
        name: The path that the file gives.
        size: Height and width that the file gives; None where it does not.
        annotations: Those of the categories that were asked for.
        problems: Why the annotations of this image cannot be trusted; empty if they can.
    """

    name: Any
    size: tuple[int, int] | None
    annotations: list[CocoAnnotation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_coco(
    path: Path, categories: Collection[str], optional: Collection[str] = ()
) -> tuple[list[CocoImage], list[str]]:
    """Read a file of annotations; polygons become arrays while it is parsed, an eighth of what lists would take.

    Nothing is dropped in silence: an image without one of its annotations would be another sample.

    Args:
        path: The file.
        categories: Names of the categories, in lower case; the case in the file does not matter.
        optional: Names of others that the file may have.

    Returns:
        The images in the order of the file, and what fits none of them: a sentence for every damaged image, and for
        every annotation that is damaged or of an unknown image.

    Raises:
        JobError: If the file cannot be read, is not COCO, lacks one of the categories, gives two of them one id, or has
            images and not a single annotation.
    """
    lists = _read_lists(path)
    names = _names(path, lists['categories'])
    if not set(categories) <= {name.lower() for name in names.values()}:
        found = ', '.join(map(repr, names.values())) or 'none'
        raise JobError(f'{path} should have the categories {" and ".join(categories)}, but there are: {found}')
    if lists['images'] and not lists['annotations']:
        raise JobError(f'{path} has no annotations: all of its {len(lists["images"])} images would count as real')
    allowed, images, strays = (*categories, *optional), {}, []
    for number, item in enumerate(lists['images']):
        if not _has(item, 'id', 'file_name'):
            strays.append(f'image {number} of {path.name} is damaged: it needs an id and a file_name')
        elif item['id'] in images:
            strays.append(f'image {number} of {path.name} has the id of another one')
            images[item['id']].problems.append('another image of the annotations has the same id')
        else:
            images[item['id']] = CocoImage(item['file_name'], _size(item))
    for number, item in enumerate(lists['annotations']):
        image = images.get(item['image_id']) if _has(item, 'image_id') else None
        if image is None:
            strays.append(f'annotation {number} of {path.name} is damaged or of an unknown image')
            continue
        name = names.get(item['category_id'], '') if _has(item, 'category_id') else ''
        if name.lower() in allowed:
            image.annotations.append(
                CocoAnnotation(name.lower(), item.get('segmentation'), _area(item.get('area')), _box(item.get('bbox')))
            )
        else:
            category = f'the category {name!r}' if name else 'no category, or an unknown one'
            image.problems.append(f'an annotation has {category}: it should be {" or ".join(allowed)}')
    return list(images.values()), strays


def _read_lists(path: Path) -> dict[str, list]:
    try:
        content = json.loads(path.read_bytes(), object_hook=_compact)
    except (OSError, ValueError, RecursionError) as error:
        raise JobError(f'Cannot read the annotations {path}: {error}') from error
    if not isinstance(content, dict):
        raise JobError(f'{path} is not in the format of COCO: it should hold an object')
    lists = {name: content.get(name) for name in ('categories', 'images', 'annotations')}
    missing = [name for name, values in lists.items() if not isinstance(values, list)]
    if missing:
        raise JobError(f'{path} is not in the format of COCO: it has no list of {" and ".join(missing)}')
    return lists


def _names(path: Path, categories: list) -> dict[int | str, str]:
    """Names of the categories by their id."""
    names: dict[int | str, str] = {}
    for item in categories:
        if _has(item, 'id', 'name') and names.setdefault(item['id'], str(item['name'])) != str(item['name']):
            both = f'{names[item["id"]]!r} and {item["name"]!r}'
            raise JobError(f'{path} gives one id, {item["id"]!r}, to the categories {both}')
    return names


def _compact(item: dict) -> dict:
    """Called for every object as it is parsed."""
    polygons = item.get('segmentation')
    if isinstance(polygons, list):
        try:
            item['segmentation'] = [np.asarray(polygon, np.float32) for polygon in polygons]
        except (ValueError, TypeError, OverflowError):
            item['segmentation'] = 'damaged'
    return item


def _has(item: Any, *names: str) -> bool:
    """Whether it is an object that has all of these fields, with a value that can stand for something."""
    # True would stand for 1.
    return isinstance(item, dict) and all(type(item.get(name)) in (int, str) for name in names)


def _size(item: dict) -> tuple[int, int] | None:
    size = item.get('height'), item.get('width')
    return size if all(isinstance(side, int) for side in size) else None


def _area(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _box(values: Any) -> tuple[float, ...] | None:
    if not isinstance(values, list) or len(values) != 4:
        return None
    numbers = tuple(map(_area, values))
    return None if None in numbers else numbers


def draw(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Draw a segmentation; what lies outside the image is cut off.

    Polygons without area add nothing, as long as another one is left.

    Args:
        segmentation: As in :class:`CocoAnnotation`.
        height: Rows of the mask.
        width: Columns of the mask.

    Returns:
        Bool array (H, W).

    Raises:
        BadInput: If the segmentation is damaged, has no area, or is a run-length encoding of another size.
    """
    if isinstance(segmentation, dict):
        return draw_runs(segmentation, height, width)
    mask = np.zeros((height, width), bool)
    for polygon in without_slivers(segmentation):
        inside = _clip(polygon.reshape(-1, 2).astype(np.float64), height, width)
        if len(inside) >= 3:
            mask |= coco_mask.decode(coco_mask.frPyObjects([inside.ravel().tolist()], height, width))[..., 0] > 0
    return mask


def without_slivers(polygons: Any) -> list[np.ndarray]:
    """Take out polygons without area: points, lines, and those that go back the way they came.

    Raises:
        BadInput: If they are no polygons, one is damaged, or none has an area.
    """
    if not isinstance(polygons, list) or not polygons:
        raise BadInput('a segmentation is neither polygons nor run lengths')
    for polygon in polygons:
        if polygon.ndim != 1 or not len(polygon) or len(polygon) % 2 or not np.isfinite(polygon).all():
            raise BadInput('a polygon is damaged: it needs three or more points x, y')
    kept = [polygon for polygon in polygons if _polygon_area(polygon) > _MIN_AREA]
    if not kept:
        raise BadInput('a polygon has no area: where the face is cannot be known')
    return kept


def _polygon_area(polygon: np.ndarray) -> float:
    """Area by Gauss' formula, relative to the first point, which keeps rounding small."""
    x, y = (polygon.reshape(-1, 2).astype(np.float64) - polygon[:2]).T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def lies_outside(segmentation: Any, height: int, width: int) -> bool:
    """Whether all polygons of a sound segmentation lie beyond one border of the image, so that it shows nothing."""
    if isinstance(segmentation, dict):
        return False
    points = np.concatenate(segmentation).reshape(-1, 2)
    return bool((points.max(axis=0) <= 0).any() or (points.min(axis=0) >= (width, height)).any())


def contradiction(annotation: CocoAnnotation, mask: np.ndarray) -> str:
    """Compare what was drawn with the area and the box of an annotation.

    Outlines in pixels and in real numbers differ by up to a pixel all around: sides of the box may be off by two
    pixels, the area by the length of the box's outline.

    Args:
        annotation: The annotation.
        mask: Bool array (H, W), from :func:`draw`, not empty.

    Returns:
        What does not fit; '' if all does, or the annotation has neither.
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    drawn = int(mask.sum())
    if annotation.area is not None and abs(annotation.area - drawn) > 2 * (width + height):
        return f'it covers {drawn} pixels, but its area is {annotation.area:g}'
    if annotation.box is not None:
        left, top, across, down = annotation.box
        ends = (left, top, left + across, top + down)
        if np.abs(np.subtract(ends, (x, y, x + width, y + height))).max() > 2:
            return f'it lies in {[x, y, width, height]}, but its bbox is {list(annotation.box)}'
    return ''


def _clip(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut a polygon (N, 2) at the four borders (Sutherland and Hodgman 1974).

    pycocotools clips as well, but allocates as much as a polygon is long, wherever it runs.
    """
    for axis, limit, sign in ((0, 0, 1), (0, width, -1), (1, 0, 1), (1, height, -1)):
        inner = sign * (points[:, axis] - limit)
        if (inner >= 0).all():
            continue
        kept = []
        for start, end, d_start, d_end in zip(points, np.roll(points, -1, 0), inner, np.roll(inner, -1)):
            if d_start >= 0:
                kept.append(start)
            if (d_start >= 0) != (d_end >= 0):
                kept.append(start + (end - start) * (d_start / (d_start - d_end)))
                kept[-1][axis] = limit
        points = np.array(kept).reshape(-1, 2)
        if not len(points):
            break
    return points
