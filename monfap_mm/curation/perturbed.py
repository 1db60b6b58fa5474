"""A perturbed copy of a set: its list as tasks, and what becomes of one image."""

import hashlib
import json
import os
from pathlib import Path, PurePosixPath

import cv2

from monfap_mm.datasets import ForgeryDataset, LoadForgeryAnnotations, LoadForgeryImage
from monfap_mm.datasets.perturbations import Perturber

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import write_file, write_mask
from ..media.errors import BadInput
from ..media.headers import read_header
from ..media.masks import DEFAULT_MASK_VALUES
from ..media.paths import safe_name
from ..utils.provenance import file_sha256

# Comes out of safe_name for no part of a path.
_UP = '%up'


def list_tasks(source: Path, mask_values: str = DEFAULT_MASK_VALUES) -> list[Task]:
    """A task for every image of a list; its key is the image's path from the list's folder.

    The list is the user's own: it may name files anywhere. Whether they exist shows when their turn comes.

    Args:
        source: The list, in a format of :mod:`monfap_mm.datasets.forgery_list`.
        mask_values: Which values of its masks are fake, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.

    Raises:
        JobError: If the list cannot be read, names no image, or has malformed lines.
    """
    root = os.path.abspath(source.parent)
    try:
        options = dict(check_files=False, mask_values=mask_values, pipeline=[], test_mode=True)
        dataset = ForgeryDataset(ann_file=source.name, data_root=root, **options)
    except (OSError, ValueError) as error:
        raise JobError(str(error)) from error
    samples = map(dataset.get_data_info, range(len(dataset)))
    return [Task(os.path.relpath(sample['img_path'], root), sample) for sample in samples]


def describe(source: Path, perturber: Perturber) -> dict:
    """What a copy depends on besides its pictures and what was asked for: the list, and the table of perturbations."""
    table = {
        family: [[entry.name, entry.type, entry.arguments] for entry in entries]
        for family, entries in perturber.table.items()
    }
    return dict(
        list=source.name,
        list_sha256=file_sha256(source),
        table_sha256=hashlib.sha256(json.dumps(table).encode()).hexdigest(),
    )


def convert(task: Task, dst: Path, *, split: str, perturber: Perturber, max_pixels: int) -> Outcome:
    """Perturb an image, and move its mask along; the work of :func:`run_job`.

    Both are read as in a test pipeline, and written as PNG, so that what is read from the copy is what was applied.
    ``perturbations`` in the entry's ``info`` is the record of :class:`Perturber`.
    """
    sample = task.args
    for path in filter(None, (sample['img_path'], sample['seg_map_path'])):
        read_header(path, max_pixels)
    try:
        loaded = LoadForgeryAnnotations()(LoadForgeryImage()(dict(sample, seg_fields=[])))
        image, mask, steps = perturber(loaded['img'], loaded['gt_seg_map'])
    except (OSError, ValueError) as error:
        raise BadInput(f'{sample["img_path"]}: {error}') from error
    if sample['gt_label'] and not mask.any():
        names = ', '.join(step['name'] for step in steps)
        raise BadInput(f'{sample["img_path"]}: nothing is left of the forgery after {names}')
    name = copy_name(task.key)
    image_name, mask_name = f'images/{name}', f'masks/{name}' if sample['gt_label'] else None
    write_file(dst, image_name, cv2.imencode('.png', image)[1].tobytes())
    if mask_name:
        write_mask(dst, mask_name, mask)
    return Outcome([Entry(image_name, sample['gt_label'], split, mask_name, dict(perturbations=steps))])


def copy_name(image: str) -> str:
    """Name of an image's copy: different for different images, and never outside of the copy's folder.

    The ending of the source stays in the name, since a.jpg and a.png are two images.

    Args:
        image: Normalized path of the image from the list's folder; may begin with ``..``.
    """
    return '/'.join(_UP if part == '..' else safe_name(part) for part in PurePosixPath(image).parts) + '.png'
