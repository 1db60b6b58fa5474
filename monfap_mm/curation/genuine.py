"""Genuine photographs with several faces for OFV2 (Sec. IV-A): found by a detector, split by the shares of Table I."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from monfap_mm.protocols.paper_tables import TABLE_I

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import place_image
from ..media.folders import find_files
from ..media.images import read_image
from ..media.paths import safe_join, safe_name
from .shares import draw

MIN_FACES = 2
# Table I counts all images; less those of OpenForensics (Sec. IV-A), these are the genuine ones.
_OPENFORENSICS = {'train': 44_122, 'val': 7_308, 'test': 18_895}
GENUINE = {split: TABLE_I['OFV2'][split] - count for split, count in _OPENFORENSICS.items()}
_PREFIX = 'genuine/'


def list_tasks(folder: Path) -> list[Task]:
    """A task for every image below a folder."""
    return [Task(_PREFIX + name, name) for name in find_files(folder)]


def owns(task: Task) -> bool:
    """Whether a task is from :func:`list_tasks`."""
    return task.key.startswith(_PREFIX)


def read_exclusions(path: Path, tasks: list[Task]) -> tuple[set[str], int]:
    """Read a list of images to leave out, one per line: a path below the folder, or a file name, its ending or not.

    Args:
        path: The list; blank lines and lines that start with ``#`` are skipped.
        tasks: From :func:`list_tasks`.

    Returns:
        The keys of the tasks that are meant, and the number of lines that mean none.

    Raises:
        JobError: If the list cannot be read.
    """
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, ValueError) as error:
        raise JobError(f'Cannot read the exclusion list {path}: {error}') from error
    meant: dict[str, set[str]] = {}
    for task in tasks:
        file = Path(task.args)
        for name in {task.args, file.name, file.stem}:
            meant.setdefault(name, set()).add(task.key)
    names = [line.strip() for line in lines if line.strip() and not line.startswith('#')]
    keys = set().union(*(meant.get(name, ()) for name in names))
    return keys, sum(name not in meant for name in names)


def choose_split(content: bytes, seed: int) -> str:
    """Draw a split with the shares of Table I.

    It depends on the seed and the image's bytes alone: it does not change when images are added, and copies of an image
    under two names never stand on both sides.

    Args:
        content: Bytes of the image file.
        seed: Another seed, another draw.
    """
    digest = hashlib.sha256(f'{seed}:'.encode() + hashlib.sha256(content).digest()).digest()
    return draw(digest, GENUINE)


def convert(
    task: Task,
    dst: Path,
    *,
    src: Path,
    detect: Callable[[np.ndarray], np.ndarray],
    seed: int,
    link: str,
    max_pixels: int,
) -> Outcome:
    """Keep an image if it shows two faces or more; the work of :func:`run_job`.

    Args:
        task: From :func:`list_tasks`.
        dst: Folder of the set.
        src: Folder with the images.
        detect: From an image (H, W, 3), BGR, to the faces' boxes (N, 4).
        seed: Seed of the split.
        link: How the set gets the image, see :func:`place_image`.
        max_pixels: Largest image.
    """
    source = safe_join(src, task.args)
    faces = len(detect(read_image(source, max_pixels)))
    if faces < MIN_FACES:
        return Outcome(counts={f'genuine images with fewer than {MIN_FACES} faces, left out': 1})
    split = choose_split(source.read_bytes(), seed)
    name = f'images/{split}/{_PREFIX}{safe_name(task.args)}'
    place_image(source, dst, name, link)
    return Outcome([Entry(name, 0, split, info={'sources': [task.key], 'faces': faces})])
