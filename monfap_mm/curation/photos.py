"""One's own photographs to a multi-face forgery set: each with two or more faces gives a real picture and forged ones.

Every picture depends on the seed, the settings and the photographs' names and contents alone.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from monfap_mm.forging import FaceSource, Forgery, forge
from monfap_mm.forging.imaging import encode_jpeg
from monfap_mm.forging.regions import MIN_SIDE

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import write_file, write_mask
from ..media.errors import BadInput
from ..media.folders import find_files
from ..media.images import read_image
from ..media.limits import MAX_PIXELS_OF_SETS
from ..media.paths import safe_join, safe_name
from ..utils.fit_size import fit_size
from ..utils.provenance import file_sha256
from .faces import FaceDetector
from .shares import draw

SPLITS = ('train', 'val', 'test')
MIN_FACES = 2
# Drawn for real and forged pictures alike: no property of the whole picture may tell them apart.
_QUALITIES = (75, 97)
_SOURCES = 2
_TRIES = 8
FEW_FACES = f'photographs with fewer than {MIN_FACES} faces, left out'
SMALL_FACES = 'photographs whose faces are all too small to forge, left out'
CANNOT_FORGE = 'photographs whose faces the kinds cannot forge, left out'


class FaceFinder(Protocol):
    """Knows the faces of a photograph."""

    def find(self, name: str, image: np.ndarray) -> np.ndarray:
        """Boxes ``(N, 4)``, x1, y1, x2, y2 in pixels, of the photograph ``name``, ``(H, W, 3)`` BGR."""
        ...

    def describe(self) -> dict:
        """What the answer depends on, ready for JSON."""
        ...


@dataclass(frozen=True)
class DetectedFaces:
    """Faces that a detector finds."""

    detector: FaceDetector

    def find(self, name: str, image: np.ndarray) -> np.ndarray:
        """See :class:`FaceFinder`."""
        return self.detector.detect(image)

    def describe(self) -> dict:
        """See :class:`FaceFinder`."""
        return self.detector.describe()


@dataclass(frozen=True)
class GivenFaces:
    """Faces that are known, by the name of the photograph."""

    boxes: Mapping[str, Sequence[Sequence[float]]]

    @classmethod
    def load(cls, path: Path) -> 'GivenFaces':
        """Read a JSON file: ``{"photo.jpg": [[x1, y1, x2, y2], ...], ...}``, in pixels of the photograph as shown.

        Raises:
            JobError: If it cannot be read, or holds something else.
        """
        try:
            boxes = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise JobError(f'Cannot read the boxes in {path}: {error}') from error
        if not isinstance(boxes, dict):
            raise JobError(f'{path} must be an object of file names and boxes: {{"a.jpg": [[x1, y1, x2, y2]]}}.')
        for name, listed in boxes.items():
            if not _are_boxes(listed):
                raise JobError(f'{path}: the boxes of {name!r} must be lists [x1, y1, x2, y2] of finite numbers.')
        return cls(boxes)

    def refuse_others(self, names: Collection[str]) -> None:
        """Refuse photographs that the boxes are not of.

        Args:
            names: Names of the photographs.

        Raises:
            JobError: If not one of them has boxes.
        """
        if not any(self.boxes.get(name) for name in names):
            boxed, photograph = (repr(next(iter(each), None)) for each in (self.boxes, names))
            raise JobError(
                f'The boxes are of no photograph in the source: the first name there is {boxed}, the first photograph '
                f'is {photograph}. Names must be paths below the source folder.'
            )

    def find(self, name: str, image: np.ndarray) -> np.ndarray:
        """See :class:`FaceFinder`."""
        return np.array(self.boxes.get(name, ()), np.float64).reshape(-1, 4)

    def describe(self) -> dict:
        """See :class:`FaceFinder`."""
        return {'boxes': _digest(json.dumps(self.boxes, sort_keys=True))}


def _are_boxes(listed: object) -> bool:
    try:
        boxes = np.array(listed, np.float64)
    except (TypeError, ValueError):
        return False
    return boxes.size == 0 or (boxes.ndim == 2 and boxes.shape[1] == 4 and bool(np.isfinite(boxes).all()))


@dataclass(frozen=True)
class Recipe:
    """How photographs become a set.

    Attributes:
        faces: Knows the faces.
        kinds: Kinds of forgeries, see :func:`monfap_mm.forging.forge`.
        fakes: Number of forged pictures of each photograph.
        seed: Seed of everything.
        size: Longest side of a picture in pixels; larger photographs are scaled down first. None: as they are.
        min_face: Shorter side, in pixels of the finished picture, from which a face is forged.
        shares: Shares of train, val and test.
        max_pixels: Largest photograph.
    """

    faces: FaceFinder
    kinds: tuple[str, ...]
    fakes: int = 1
    seed: int = 0
    size: int | None = None
    min_face: int = 16
    shares: tuple[float, ...] = (0.8, 0.1, 0.1)
    max_pixels: int = MAX_PIXELS_OF_SETS

    def __post_init__(self):
        if len(self.shares) != len(SPLITS) or min(self.shares) < 0 or not 0 < sum(self.shares) < np.inf:
            raise JobError(f'The shares of {", ".join(SPLITS)} must be three numbers, 0 or more, got {self.shares}.')
        if self.min_face < MIN_SIDE:
            raise JobError(f'Faces of less than {MIN_SIDE} pixels cannot be forged, got {self.min_face}.')

    def describe(self) -> dict:
        """The settings that a set depends on, ready for JSON."""
        values = {**vars(self), 'kinds': list(self.kinds), 'shares': list(self.shares)}
        return {**values, 'faces': self.faces.describe()}

    def choose_split(self, content: str) -> str:
        """Draw the split of a photograph from its :attr:`Photo.content` and the seed: copies stay together."""
        return draw(hashlib.sha256(f'{self.seed}:{content}'.encode()).digest(), dict(zip(SPLITS, self.shares)))


@dataclass(frozen=True)
class Photo:
    """What is known of a photograph before it is decoded.

    Attributes:
        content: SHA-256 of the file, in hexadecimal: the same for copies under other names. Empty if it cannot be read.
        split: Its split.
    """

    content: str
    split: str


def list_tasks(src: Path, recipe: Recipe) -> list[Task]:
    """A task for every photograph below a folder, with its :class:`Photo`; reads all files once.

    Raises:
        JobError: If there is none.
    """
    contents = ((name, _hash_content(src, name)) for name in find_files(src))
    tasks = [Task(name, Photo(content, recipe.choose_split(content))) for name, content in contents]
    if not tasks:
        raise JobError(f'There are no photographs in {src}.')
    return tasks


def _hash_content(src: Path, name: str) -> str:
    try:
        return file_sha256(safe_join(src, name))
    except (BadInput, OSError):  # its task reports it
        return ''


def describe_photos(tasks: Sequence[Task]) -> str:
    """A digest of the photographs' names and contents: other photographs, other donors of faces."""
    return _digest('\0'.join(f'{task.key}\0{task.args.content}' for task in tasks))


@dataclass(frozen=True)
class PhotoForger:
    """The work of :func:`run_job`.

    Attributes:
        src: Folder of the photographs.
        recipe: What to do with them.
        pools: Tasks of each split's photographs: faces come from the same split only.
    """

    src: Path
    recipe: Recipe
    pools: Mapping[str, Sequence[Task]]

    @classmethod
    def of(cls, src: Path, recipe: Recipe, tasks: Sequence[Task]) -> 'PhotoForger':
        """The forger of the photographs of :func:`list_tasks`."""
        return cls(src, recipe, {split: [task for task in tasks if task.args.split == split] for split in SPLITS})

    def __call__(self, task: Task, dst: Path) -> Outcome:
        """Write the real picture of a photograph and its forgeries.

        Raises:
            BadInput: If the photograph is broken.
        """
        photo = self._load(task.key, self.recipe.size)
        if photo.total < MIN_FACES:
            return Outcome(counts={FEW_FACES: 1})
        if not len(photo.boxes):
            return Outcome(counts={SMALL_FACES: 1})
        pictures = [Forgery(photo.image, np.zeros(photo.image.shape[:2], bool), [])]
        try:
            pictures += [self._forge(task, number, photo) for number in range(1, self.recipe.fakes + 1)]
        except ValueError:  # no donor, or no second face: the photograph is sound, but of no use to these kinds
            return Outcome(counts={CANNOT_FORGE: 1})
        return Outcome([self._write(dst, task, number, picture, photo) for number, picture in enumerate(pictures)])

    def _load(self, name: str, size: int | None) -> '_Faces':
        image = read_image(safe_join(self.src, name), self.recipe.max_pixels)
        boxes = self.recipe.faces.find(name, image)
        if size and max(image.shape[:2]) > size:
            height, width = fit_size(image.shape, (size, size))
            boxes = boxes * np.tile([width / image.shape[1], height / image.shape[0]], 2)
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        boxes = np.clip(boxes, 0, np.tile(image.shape[1::-1], 2))
        sides = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf)
        return _Faces(image, boxes[sides >= self.recipe.min_face], int((sides > 0).sum()))

    def _forge(self, task: Task, number: int, photo: '_Faces') -> Forgery:
        rng = _generator(self.recipe.seed, task.key, f'forgery {number}')
        sources = list(self._draw_sources(task, rng))
        return forge(photo.image, photo.boxes, sources, rng, self.recipe.kinds)

    def _draw_sources(self, task: Task, rng: np.random.Generator) -> Iterator[FaceSource]:
        """Faces of other photographs, not copies, of the same split; fewer if eight draws did not show enough."""
        pool, found = [other for other in self.pools[task.args.split] if other.args.content != task.args.content], 0
        for index in rng.choice(len(pool), min(_TRIES, len(pool)), replace=False) if pool else ():
            try:
                donor = self._load(pool[index].key, None)
            except BadInput:  # it has a task of its own, which reports it
                continue
            if len(donor.boxes):
                yield FaceSource(donor.image, donor.boxes[rng.integers(len(donor.boxes))], pool[index].key)
                found += 1
            if found == _SOURCES:
                return

    def _write(self, dst: Path, task: Task, number: int, forgery: Forgery, photo: '_Faces') -> Entry:
        quality = int(_generator(self.recipe.seed, task.key, f'quality {number}').integers(*_QUALITIES))
        kind = f'fake{number}' if number else 'real'
        name = f'{task.args.split}/{safe_name(task.key)}_{kind}'
        image, mask = f'images/{name}.jpg', f'masks/{name}.png' if number else None
        write_file(dst, image, encode_jpeg(forgery.image, quality).tobytes())
        if mask:
            write_mask(dst, mask, forgery.mask)
        names = {record['source'] for record in forgery.records if 'source' in record}
        donors = {other.args.content for other in self.pools[task.args.split] if other.key in names}
        info = {
            'sources': [f'sha256:{content}' for content in (task.args.content, *sorted(donors))],
            'faces': photo.total,
            'boxes': photo.boxes.round(2).tolist(),
            'forgeries': forgery.records,
            'quality': quality,
        }
        return Entry(image, int(bool(number)), task.args.split, mask, info)


@dataclass(frozen=True)
class _Faces:
    """A photograph at the size of the set, the boxes of the faces that are large enough, and the number of all."""

    image: np.ndarray
    boxes: np.ndarray
    total: int


def _generator(seed: int, name: str, purpose: str) -> np.random.Generator:
    """Randomness that depends on its arguments alone."""
    digest = hashlib.sha256(os.fsencode(f'{seed}\0{name}\0{purpose}')).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], 'big'))


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()
