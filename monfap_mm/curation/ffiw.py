"""FFIW-10K: forged videos with several faces, each with its genuine twin and a video of masks."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ..jobs.errors import JobError
from ..jobs.job import Entry, Outcome, Task
from ..jobs.output_files import write_mask
from ..media.endings import VIDEO_ENDINGS
from ..media.errors import BadInput
from ..media.folders import find_files
from ..media.masks import binarize_mask
from ..media.paths import find_partners, safe_join, safe_name
from .videos_sampling import Chosen, Sampling, check_same_shape, common_length

SPLITS = ('train', 'val', 'test')
_FOLDERS = {'real': 'source', 'fake': 'target', 'mask': 'target_mask'}
_MASK_END = '_mask'
NO_FACES = 'videos without a frame of two faces'
EMPTY_MASK = 'forged frames with an empty mask, dropped'


@dataclass(frozen=True)
class _Scene:
    """The three videos of a scene, as paths below the source folder; a sound scene has one of each."""

    real: tuple[str, ...]
    fake: tuple[str, ...]
    mask: tuple[str, ...]


def list_tasks(src: Path) -> list[Task]:
    """A task for every scene of ``source``, ``target`` and ``target_mask``.

    Args:
        src: Folder that holds the three, or the folders of the releases that do (train and val come apart from test).

    Raises:
        JobError: If there is no ``target`` with a ``train``, ``val`` or ``test``.
    """
    roots = [root for root in (src, *sorted(src.glob('*')), *sorted(src.glob('*/*'))) if (root / 'target').is_dir()]
    tasks = [task for split in SPLITS for root in roots for task in _list_split(src, root, split)]
    if not tasks:
        raise JobError(
            f'{src} is not FFIW-10K as downloaded: there are no videos in source, target or target_mask/'
            '{train,val,test}.'
        )
    return tasks


def _list_split(src: Path, root: Path, split: str) -> list[Task]:
    scenes: dict[str, dict[str, list[str]]] = {}
    for what in ('fake', 'real', 'mask'):  # a scene is called as its forged video is written
        videos = _videos(src, root / _FOLDERS[what] / split, what)
        known = find_partners({scene: scene for scene in videos}, scenes)
        for scene, paths in videos.items():
            scenes.setdefault(known[scene] or scene, {})[what] = paths
    return [
        Task(f'{split}/{scene}', _Scene(*(tuple(scenes[scene].get(what, ())) for what in _FOLDERS)))
        for scene in sorted(scenes)
    ]


def _videos(src: Path, folder: Path, what: str) -> dict[str, list[str]]:
    """Paths below ``src`` of the videos in a folder, by scene."""
    videos: dict[str, list[str]] = {}
    for file in find_files(folder, VIDEO_ENDINGS):
        scene = PurePosixPath(file).with_suffix('').as_posix()
        if what == 'mask' and scene.lower().endswith(_MASK_END):
            scene = scene[: -len(_MASK_END)]
        videos.setdefault(scene, []).append((folder / file).relative_to(src).as_posix())
    return videos


def convert(task: Task, dst: Path, *, src: Path, sampling: Sampling) -> Outcome:
    """Turn a scene into frames: genuine, fake and mask of the same moments; the work of :func:`run_job`.

    Faces are counted in the forged video. A frame with an empty mask is no fake: its genuine twin alone is kept.
    """
    paths = [_find(src, task.args, what) for what in _FOLDERS]
    with ExitStack() as stack:
        real, fake = (stack.enter_context(sampling.open(path)) for path in paths[:2])
        videos = [real, fake, stack.enter_context(sampling.open(paths[2], like=fake))]
        chosen = sampling.choose(paths[1], common_length(*videos))
        if not chosen:
            return Outcome(counts={NO_FACES: 1})
        indices = [moment.index for moment in chosen]
        # All are decoded before any is written: nothing of a video that breaks off later is left in the set.
        moments = list(zip(chosen, *(video.frames(indices) for video in videos)))
    entries = [entry for moment in moments for entry in _write_moment(task.key, *moment, dst, sampling)]
    empty = sum(1 if not entry.label else -1 for entry in entries)
    return Outcome(entries, {EMPTY_MASK: empty} if empty else {})


def _write_moment(
    key: str, moment: Chosen, real: np.ndarray, fake: np.ndarray, mask: np.ndarray, dst: Path, sampling: Sampling
) -> list[Entry]:
    check_same_shape({'genuine': real, 'fake': fake, 'mask': mask})
    split, scene = key.split('/', 1)
    stem = f'{safe_name(scene)}_{moment.index:06d}'
    info = {'sources': [f'ffiw/{key}'], 'faces': moment.faces, 'frame': moment.index}
    entries = [Entry(sampling.write_frame(dst, f'images/{split}/real/{stem}', real), 0, split, info=info)]
    mask = binarize_mask(mask, fake.shape[:2])
    if mask.any():
        image, mask_name = f'images/{split}/fake/{stem}', f'masks/{split}/{stem}.png'
        write_mask(dst, mask_name, mask)
        entries.append(Entry(sampling.write_frame(dst, image, fake), 1, split, mask_name, info))
    return entries


def _find(src: Path, scene: _Scene, what: str) -> Path:
    return safe_join(src, the_only(getattr(scene, what), f'video of this name in {_FOLDERS[what]}'))


def the_only(paths: Sequence[str], what: str) -> str:
    """The only one of some paths.

    Raises:
        BadInput: If there is none, or more than one; ``what`` says of what.
    """
    if not paths:
        raise BadInput(f'There is no {what}')
    if len(paths) > 1:
        raise BadInput(f'There is more than one {what}: {", ".join(paths)}')
    return paths[0]
