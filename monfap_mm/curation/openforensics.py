"""OpenForensics: photographs with many faces, some of them forged, annotated in the format of COCO."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from .coco import CocoImage, draw, read_coco
from .errors import BadInput, CurationError
from .images import as_shown, place_image, read_header, read_source, write_mask
from .job import Entry, Outcome, Task
from .paths import safe_join, safe_name

# Our split -> the set's. The paper tests on Test-Dev; Test-Challenge is not used.
SPLITS = {'train': 'Train', 'val': 'Val', 'test': 'Test-Dev'}


@dataclass(frozen=True)
class _Job:
    """What a worker needs to know of one image.

    Attributes:
        name: Path in the annotations, which may be anything.
        split: ``train``, ``val`` or ``test``.
        size: Height and width in the annotations, if they are there.
        fakes: Segmentations of the forged faces.
        faces: Number of all faces.
    """

    name: str
    split: str
    size: tuple[int, int] | None
    fakes: list
    faces: int


def list_tasks(src: Path) -> list[Task]:
    """A task for every image of the three annotation files, and one for each file with the counts of what is odd in it.

    Args:
        src: Folder with ``Train_poly.json``, ``Val_poly.json``, ``Test-Dev_poly.json`` (in it or below) and the images.

    Raises:
        CurationError: If there is none of the three, or one cannot be read.
    """
    tasks = []
    for split, folder in SPLITS.items():
        files = sorted(src.rglob(f'{folder}_poly.json'), key=lambda path: (len(path.parts), path))
        if files:
            tasks += _list_split(files[0], split)
    if not tasks:
        names = ', '.join(f'{folder}_poly.json' for folder in SPLITS.values())
        raise CurationError(f'{src} is not OpenForensics as downloaded: there is none of {names} in it.')
    return tasks


def _list_split(path: Path, split: str) -> Iterator[Task]:
    images, counts = read_coco(path)
    seen = set()
    for image in images:
        key = f'{split}/{_inner_name(image.name, split)}'
        if key in seen:
            counts['images that are damaged or twice in the annotations'] += 1
            continue
        seen.add(key)
        yield Task(key, _make_job(image, split))
    yield Task(f'{split}: {path.name}', dict(counts))


def _make_job(image: CocoImage, split: str) -> _Job:
    fakes = [segmentation for category, segmentation in image.segmentations if category.lower() == 'fake']
    return _Job(str(image.name), split, image.size, fakes, len(image.segmentations))


def _inner_name(name: str, split: str) -> str:
    """A name without the set's own folders: ``Images/Train/a.jpg`` is ``a.jpg``."""
    parts = list(PurePosixPath(str(name)).parts)
    for folder in ('Images', SPLITS[split]):
        if len(parts) > 1 and parts[0] == folder:
            parts.pop(0)
    return '/'.join(parts)


def convert(task: Task, dst: Path, *, src: Path, link: str, max_pixels: int) -> Outcome:
    """Check an image, draw the union of its forged faces, and give both to the set; the work of :func:`run_job`."""
    if isinstance(task.args, dict):
        return Outcome(counts=task.args)
    job = task.args
    source = _find_image(src, job)
    name = f'{job.split}/{safe_name(_inner_name(job.name, job.split))}'
    header = read_header(source, max_pixels)
    if job.size and job.size != (header.height, header.width):
        size = f'{header.height} x {header.width}'
        raise BadInput(f'The annotations are for an image of {job.size[0]} x {job.size[1]}, but it has {size} pixels')
    read_source(source, max_pixels)
    mask = None
    if job.fakes:
        union = np.zeros((header.height, header.width), np.uint8)
        for segmentation in job.fakes:
            union |= draw(segmentation, header.height, header.width)
        if not union.any():
            raise BadInput('The forged faces cover no pixel of the image')
        mask = f'masks/{name}.png'
        write_mask(dst, mask, as_shown(union, header.orientation))
    place_image(source, dst, f'images/{name}', link)
    info = {'sources': [f'openforensics/{name}'], 'faces': job.faces, 'fake_faces': len(job.fakes)}
    return Outcome([Entry(f'images/{name}', int(bool(job.fakes)), job.split, mask, info)])


def _find_image(src: Path, job: _Job) -> Path:
    """The image at the path of the annotations, or where the archives put it when unpacked one by one."""
    inner, folder = _inner_name(job.name, job.split), SPLITS[job.split]
    for candidate in (f'Images/{folder}/{inner}', f'{folder}/{inner}', f'{folder}/{folder}/{inner}'):
        if not PurePosixPath(job.name).is_absolute() and (src / candidate).is_file():
            return safe_join(src, candidate)
    return safe_join(src, job.name)


def missing_files(tasks: list[Task]) -> list[str]:
    """The annotation files that were not there."""
    found = {task.key for task in tasks}
    files = {split: f'{folder}_poly.json' for split, folder in SPLITS.items()}
    return [file for split, file in files.items() if f'{split}: {file}' not in found]
