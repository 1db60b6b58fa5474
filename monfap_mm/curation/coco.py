"""Annotations in the format of COCO: reading a file of them compactly, and drawing one."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..distribution import install_extra
from ..jobs.errors import JobError
from ..media.errors import BadInput

try:
    from pycocotools import mask as coco_mask
except ImportError as error:
    raise ImportError(f'COCO annotations need pycocotools: {install_extra("data")}') from error


@dataclass
class CocoImage:
    """An image with its annotations.

    Attributes:
        name: The path that the file gives.
        size: Height and width that the file gives; None where it does not.
        segmentations: Pairs of category (one of those asked for) and segmentation: a list of polygons (float32 arrays
            x, y, x, y, ...), a run-length encoding as the file has it, or anything else that stood there.
        problems: Why the annotations of this image cannot be trusted; empty if they can.
    """

    name: Any
    size: tuple[int, int] | None
    segmentations: list[tuple[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_coco(path: Path, categories: Collection[str]) -> tuple[list[CocoImage], list[str]]:
    """Read a file of annotations; polygons become arrays while it is parsed, an eighth of what lists would take.

    Nothing is dropped in silence: an image without one of its annotations would be another sample.

    Args:
        path: The file.
        categories: Names of the categories, in lower case; the case in the file does not matter.

    Returns:
        The images in the order of the file, and what fits none of them: a sentence for every damaged image, and for
        every annotation that is damaged or of an unknown image.

    Raises:
        JobError: If the file cannot be read, is not COCO, or lacks one of the categories.
    """
    lists = _read_lists(path)
    names = {item['id']: str(item['name']) for item in lists['categories'] if _has(item, 'id', 'name')}
    if not set(categories) <= {name.lower() for name in names.values()}:
        there = ', '.join(map(repr, names.values())) or 'none'
        raise JobError(f'{path} should have the categories {" and ".join(categories)}, but there are: {there}')
    images, strays = {}, []
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
        if name.lower() in categories:
            image.segmentations.append((name.lower(), item.get('segmentation')))
        else:
            category = f'the category {name!r}' if name else 'no category, or an unknown one'
            image.problems.append(f'an annotation has {category}: it should be {" or ".join(categories)}')
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
    return isinstance(item, dict) and all(isinstance(item.get(name), (int, str)) for name in names)


def _size(item: dict) -> tuple[int, int] | None:
    size = item.get('height'), item.get('width')
    return size if all(isinstance(side, int) for side in size) else None


def draw(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Draw a segmentation; what lies outside the image is cut off.

    Args:
        segmentation: As in :class:`CocoImage`.
        height: Rows of the mask.
        width: Columns of the mask.

    Returns:
        Bool array (H, W).

    Raises:
        BadInput: If the segmentation is damaged, or a run-length encoding is of another size.
    """
    if isinstance(segmentation, dict):
        return _draw_runs(segmentation, height, width)
    if not isinstance(segmentation, list) or not segmentation:
        raise BadInput('a segmentation is neither polygons nor run lengths')
    mask = np.zeros((height, width), bool)
    for polygon in segmentation:
        if polygon.ndim != 1 or len(polygon) < 6 or len(polygon) % 2 or not np.isfinite(polygon).all():
            raise BadInput('a polygon is damaged: it needs three or more points x, y')
        inside = _clip(polygon.reshape(-1, 2).astype(np.float64), height, width)
        if len(inside) >= 3:
            mask |= coco_mask.decode(coco_mask.frPyObjects([inside.ravel().tolist()], height, width))[..., 0] > 0
    return mask


def _clip(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut a polygon (N, 2) at the four borders (Sutherland and Hodgman 1974).

    pycocotools clips as well, but allocates as much as a polygon is long, wherever it runs.
    """
    for axis, limit, sign in ((0, 0, 1), (0, width, -1), (1, 0, 1), (1, height, -1)):
        inner = sign * (points[:, axis] - limit)
        if (inner >= 0).all():
            continue
        kept = []
        for here, there, d_here, d_there in zip(points, np.roll(points, -1, 0), inner, np.roll(inner, -1)):
            if d_here >= 0:
                kept.append(here)
            if (d_here >= 0) != (d_there >= 0):
                kept.append(here + (there - here) * (d_here / (d_here - d_there)))
                kept[-1][axis] = limit
        points = np.array(kept).reshape(-1, 2)
        if not len(points):
            break
    return points


def _draw_runs(runs: dict, height: int, width: int) -> np.ndarray:
    size, counts = runs.get('size'), runs.get('counts')
    if size != [height, width]:
        raise BadInput(f'run lengths are for an image of {size}, but it has [{height}, {width}] (height, width)')
    try:
        if isinstance(counts, list):
            if min(counts, default=-1) < 0 or sum(counts) != height * width:
                raise ValueError('they do not add up to the image')
            runs = coco_mask.frPyObjects(runs, height, width)
        return coco_mask.decode({'size': size, 'counts': runs['counts']}) > 0
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise BadInput(f'run lengths are damaged: {error}') from error
