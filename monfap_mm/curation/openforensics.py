"""OpenForensics: photographs with many faces, some of them forged, annotated in the format of COCO."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import place_image, write_mask
from ..media.errors import BadInput
from ..media.headers import read_header
from ..media.images import read_image
from ..media.orientation import as_shown
from ..media.paths import as_written, safe_join, safe_name
from .annotations import find_annotations
from .coco import CocoAnnotation, CocoImage, contradiction, draw, lies_outside, read_coco, without_slivers

# Our split -> the set's. The paper tests on Test-Dev; Test-Challenge is not used.
SPLITS = {'train': 'Train', 'val': 'Val', 'test': 'Test-Dev'}
_FILES = {split: f'{folder}_poly.json' for split, folder in SPLITS.items()}
_CATEGORIES = ('real', 'fake')
OUTSIDE = 'forged faces outside of their image, left out'
REPAIRED = 'forged faces with polygons of no area, which were left out'
CONTRADICTED = 'forged faces whose area or bbox is not that of their polygons, kept as the polygons are'


@dataclass(frozen=True)
class _Job:
    """What a worker needs to know of one image.

    Attributes:
        name: Path in the annotations, which may be anything.
        split: ``train``, ``val`` or ``test``.
        size: Height and width in the annotations, if they are there.
        fakes: The forged faces.
        faces: Number of all faces.
    """

    name: str
    split: str
    size: tuple[int, int] | None
    fakes: list[CocoAnnotation]
    faces: int


def annotation_files(src: Path) -> dict[str, Path]:
    """The annotation files by split.

    Args:
        src: Folder with ``Train_poly.json``, ``Val_poly.json``, ``Test-Dev_poly.json`` (in it or below) and the images.

    Raises:
        JobError: If there is none of the three, or one is a pipe or leads out of the folder.
    """
    files = {split: find_annotations(src, name) for split, name in _FILES.items()}
    if not any(files.values()):
        raise JobError(f'{src} is not OpenForensics as downloaded: there is none of {", ".join(_FILES.values())}.')
    return {split: path for split, path in files.items() if path}


def missing_files(files: dict[str, Path]) -> list[str]:
    """Names of the annotation files that were not there."""
    return [name for split, name in _FILES.items() if split not in files]


def list_tasks(files: dict[str, Path]) -> list[Task]:
    """A task for every image of the annotation files, and one for everything in them that fits no image, which is bad.

    Args:
        files: From :func:`annotation_files`.

    Raises:
        JobError: If a file cannot be read.
    """
    return [task for split, path in files.items() for task in _list_split(path, split)]


def _list_split(path: Path, split: str) -> Iterator[Task]:
    """Tasks; the ``args`` of a bad one are the reason."""
    images, strays = read_coco(path, _CATEGORIES)
    named: dict[str, list[CocoImage]] = {}
    for image in images:
        named.setdefault(f'{split}/{_inner_name(image.name, split)}', []).append(image)
    for key, same in named.items():
        problems = [problem for image in same for problem in image.problems]
        if len(same) > 1:
            problems.append(f'the annotations have {len(same)} images of this name')
        if strays and not problems and not same[0].annotations:
            problems.append('it has no annotation, but the file has some that fit no image')
        yield Task(key, '; '.join(dict.fromkeys(problems)) or _make_job(same[0], split))
    for number, stray in enumerate(strays):
        yield Task(f'{split}: {path.name}: {number}', stray)


def _make_job(image: CocoImage, split: str) -> _Job:
    fakes = [annotation for annotation in image.annotations if annotation.category == 'fake']
    return _Job(str(image.name), split, image.size, fakes, len(image.annotations))


def _inner_name(name: str, split: str) -> str:
    """A name without the set's own folders: ``Images/Train/a.jpg`` is ``a.jpg``."""
    parts = list(PurePosixPath(str(name)).parts)
    for folder in ('Images', SPLITS[split]):
        if len(parts) > 1 and parts[0] == folder:
            parts.pop(0)
    return '/'.join(parts)


def convert(task: Task, dst: Path, *, src: Path, link: str, max_pixels: int) -> Outcome:
    """Check an image, draw the union of its forged faces, and give both to the set; the work of :func:`run_job`."""
    if isinstance(task.args, str):
        raise BadInput(task.args)
    job = task.args
    source = _find_image(src, job)
    name = f'{job.split}/{safe_name(_inner_name(job.name, job.split))}'
    header = read_header(source, max_pixels)
    if job.size and job.size != (header.height, header.width):
        size = f'{header.height} x {header.width}'
        raise BadInput(f'The annotations are for an image of {job.size[0]} x {job.size[1]}, but it has {size} pixels')
    read_image(source, max_pixels)
    mask, counts = None, Counter()
    if job.fakes:
        union = np.zeros((header.height, header.width), bool)
        for number, face in enumerate(job.fakes, start=1):
            try:
                union |= draw_face(face, *union.shape, counts)
            except BadInput as error:
                raise BadInput(f'Forged face {number} of {len(job.fakes)}: {error}') from error
        if not union.any():
            raise BadInput('The forged faces cover no pixel of the image')
        mask = f'masks/{name}.png'
        write_mask(dst, mask, as_shown(union.astype(np.uint8), header.orientation))
    place_image(source, dst, f'images/{name}', link)
    info = {'sources': [f'openforensics/{name}'], 'faces': job.faces, 'fake_faces': len(job.fakes) - counts[OUTSIDE]}
    if counts:
        info['notes'] = sorted(counts)
    return Outcome([Entry(f'images/{name}', int(bool(job.fakes)), job.split, mask, info)], dict(counts))


def draw_face(face: CocoAnnotation, height: int, width: int, counts: Counter) -> np.ndarray:
    """Draw a forged face, and count what is odd about it but does no harm.

    A face that cannot be drawn would count as genuine, so it spoils its image; one outside of the image does not.

    Raises:
        BadInput: If the face cannot be drawn, or what its run lengths draw is not what its area or box says.
    """
    outline = face.segmentation
    mask = draw(outline, height, width)
    if isinstance(outline, list):
        sound = without_slivers(outline)
        counts.update({REPAIRED: 1} if len(sound) < len(outline) else {})
        outline = sound
    if not mask.any():
        if not lies_outside(outline, height, width):
            raise BadInput('it covers no pixel')
        counts[OUTSIDE] += 1
    elif reason := contradiction(face, mask):
        if isinstance(outline, dict):
            raise BadInput(f'run lengths are damaged: {reason}')
        counts[CONTRADICTED] += 1
    return mask


def _find_image(src: Path, job: _Job) -> Path:
    """The image at the path of the annotations, or where the archives put it when unpacked one by one."""
    inner, folder = _inner_name(job.name, job.split), SPLITS[job.split]
    for candidate in (f'Images/{folder}/{inner}', f'{folder}/{inner}', f'{folder}/{folder}/{inner}'):
        if not PurePosixPath(job.name).is_absolute() and os.path.isfile(
            src / as_written(src, PurePosixPath(candidate))
        ):
            return safe_join(src, candidate)
    return safe_join(src, job.name)
