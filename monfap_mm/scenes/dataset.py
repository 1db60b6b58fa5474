"""Making a whole set: every sample depends on (seed, split, index) alone, so any number of workers writes the same."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from ..forging.forgeries import FaceSource, Forgery, forge
from ..forging.imaging import Rng
from ..forging.postprocess import PostProcess
from ..jobs.errors import JobError
from ..jobs.folder_lock import only_writer
from ..jobs.progress import ProgressReport
from ..jobs.workers import Failure, map_in_order
from ..utils.atomic_write import atomic_write
from .camera import Camera
from .rendering import render_portrait, render_scene

SPLITS = ('train', 'val', 'test')
# Raise it when the same seed starts to give other pictures, so that an old set is not taken for a new one.
RECIPE = 1
_RESIZED_SHARE = 0.3


@dataclass(frozen=True)
class DemoSet:
    """What a demo set is made of.

    Attributes:
        seed: Seed of everything.
        train: Number of training pictures.
        val: Number of validation pictures.
        test: Number of test pictures.
        size: Side of a picture in pixels.
        recipe: Version of the recipe.
    """

    seed: int = 0
    train: int = 2000
    val: int = 100
    test: int = 300
    size: int = 128
    recipe: int = RECIPE

    def __post_init__(self):
        if min(self.train, self.val, self.test) < 2:
            raise ValueError(f'Every split needs at least two pictures, one real and one fake, got {asdict(self)}.')
        if self.size < 96:
            raise ValueError(f'size is {self.size}: below 96 pixels six faces in a picture are too small to see.')
        if self.seed < 0:
            raise ValueError(f'seed is {self.seed}: it must be 0 or more.')

    def samples(self) -> Iterator[tuple[str, int]]:
        """Every sample's split and index."""
        for split in SPLITS:
            for index in range(getattr(self, split)):
                yield split, index


@dataclass(frozen=True)
class Sample:
    """A finished picture.

    Attributes:
        jpeg: Bytes of the picture's JPEG file.
        mask: Bool ``(size, size)``, True where forged; all False for a real picture.
        record: What was done, ready for JSON.
    """

    jpeg: bytes
    mask: np.ndarray
    record: dict

    @property
    def is_fake(self) -> bool:
        """Whether the picture was forged."""
        return bool(self.record['label'])


def make_sample(seed: int, split: str, index: int, size: int) -> Sample:
    """Make one picture: odd numbers are fakes, which begin as the real picture that they would have been."""
    streams = np.random.SeedSequence([seed, SPLITS.index(split), index]).spawn(4)
    scene_rng, source_rng, forge_rng, post_rng = (np.random.default_rng(stream) for stream in streams)
    resized = post_rng.random() < _RESIZED_SHARE
    canvas = round(size * post_rng.uniform(1.05, 1.2)) if resized else size
    scene, camera = render_scene(scene_rng, canvas), Camera.sample(scene_rng)
    picture = Forgery(camera.capture(scene.radiance, scene_rng), np.zeros((canvas, canvas), bool), [])
    if index % 2:
        picture = forge(picture.image, scene.boxes, _make_sources(source_rng, canvas), forge_rng)
    post = PostProcess.sample(post_rng, size)
    jpeg, mask = post.apply(picture.image, picture.mask)
    record = {
        'split': split,
        'index': index,
        'label': index % 2,
        'background': scene.background,
        'canvas': canvas,
        'boxes': scene.boxes.round(2).tolist(),
        'camera': asdict(camera),
        'forgeries': picture.records,
        'post': post.describe(),
    }
    return Sample(jpeg, mask, record)


def _make_sources(rng: Rng, canvas: int) -> list[FaceSource]:
    """Portraits of two strangers, each taken with another camera."""
    sources = []
    for number in range(2):
        scene = render_portrait(rng, canvas // 2 + 1 & ~1)
        image = Camera.sample(rng).capture(scene.radiance, rng)
        sources.append(FaceSource(image, scene.boxes[0], f'portrait {number}'))
    return sources


def make_set(folder: str | Path, demo: DemoSet, workers: int = 1) -> bool:
    """Write a demo set in the project's list format.

    Args:
        folder: Where ``images``, ``masks``, the lists, ``manifest.jsonl`` and ``config.json`` go.
        demo: What to make.
        workers: Number of processes; has no influence on what is written.

    Returns:
        False if the folder already held this very set and nothing was done, else True.

    Raises:
        FileExistsError: If the folder holds a set made with other parameters.
        JobError: If another run is at work in it, or a picture cannot be made.
        JobStoppedError: If this machine cannot write, as on a full disk.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        return _make_set(folder, demo, workers)


def _make_set(folder: Path, demo: DemoSet, workers: int) -> bool:
    if _already_made(folder / 'config.json', demo):
        return False
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_lists(folder, _write_samples(folder, demo, workers))
    # Last of all: its presence says that the set is complete.
    atomic_write(folder / 'config.json', json.dumps(asdict(demo), indent=2) + '\n')
    return True


def _already_made(config: Path, demo: DemoSet) -> bool:
    if not config.exists():
        return False
    made = json.loads(config.read_text())
    if made != asdict(demo):
        raise FileExistsError(
            f'{config.parent} holds another set, made with {made}; asked for {asdict(demo)}. Delete that folder, or '
            'choose another one.'
        )
    return True


def _write_samples(folder: Path, demo: DemoSet, workers: int) -> list[dict]:
    tasks, records = list(demo.samples()), []
    with ProgressReport(0, len(tasks), 'pictures') as progress:
        for (split, index), record in map_in_order(partial(_write_sample, folder, demo), tasks, workers):
            if isinstance(record, Failure):
                raise JobError(f'picture {index} of {split} could not be made: {record.reason}')
            records.append(record)
            progress.step(bad=False)
    return records


def _write_sample(folder: Path, demo: DemoSet, task: tuple[str, int]) -> dict:
    split, index = task
    sample = make_sample(demo.seed, split, index, demo.size)
    image = f'images/{split}_{index:05d}.jpg'
    mask = f'masks/{split}_{index:05d}.png' if sample.is_fake else None
    atomic_write(folder / image, sample.jpeg)
    if mask:
        atomic_write(folder / mask, cv2.imencode('.png', sample.mask.astype(np.uint8) * 255)[1].tobytes())
    return {'image': image, 'mask': mask, **sample.record}


def _write_lists(folder: Path, records: list[dict]) -> None:
    for split in SPLITS:
        lines = ['# image\tlabel (0 real, 1 fake)\tmask']
        for record in (record for record in records if record['split'] == split):
            lines.append(
                '\t'.join([record['image'], str(record['label']), *([record['mask']] if record['mask'] else [])])
            )
        atomic_write(folder / f'{split}.txt', '\n'.join(lines) + '\n')
    atomic_write(folder / 'manifest.jsonl', ''.join(json.dumps(record) + '\n' for record in records))
