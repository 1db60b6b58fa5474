"""Manual-Fake: pristine and forged videos, as they were made and as six networks passed them on; for testing only."""

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
from .ffiw import EMPTY_MASK, NO_FACES, the_only
from .videos_sampling import Chosen, Sampling, common_length

# Lists of the set -> how the names of their folders begin, in lower case. Facebook and WeChat have two folders each.
NETWORKS = {
    'untrans': ('untrans', 'raw'),
    'facebook': ('facebook',),
    'tiktok': ('tiktok',),
    'wechat': ('wechat',),
    'whatsapp': ('whatsapp',),
    'youtube': ('youtube',),
}
_PRISTINE = ('real', 'pristine', 'original', 'genuine')
_MASKS = ('mask', 'masks')
# A network may scale a video, but not stretch it: its sides may be off by rounding only.
_STRETCH = 0.02


@dataclass(frozen=True)
class _Video:
    """A video and, if it is forged, its video of masks (one, in a sound set), as paths below the source folder."""

    path: str
    network: str
    fake: bool
    masks: tuple[str, ...] = ()


def list_tasks(src: Path) -> list[Task]:
    """A task for every video of the networks' folders.

    Expected are ``<network>/<real or a method>/<video>`` and ``mask/<method>/<video>``: what a network changed was
    forged before, so all networks share the masks.

    Raises:
        JobError: If there is no folder of a network with videos.
    """
    masks: dict[str, list[str]] = {}
    for folder in _folders(src):
        if folder.name.lower() in _MASKS:
            for file in find_files(folder, VIDEO_ENDINGS):
                masks.setdefault(_without_ending(file), []).append(f'{folder.name}/{file}')
    tasks = [
        Task(video.path, video)
        for folder in _folders(src)
        if (network := network_of(folder.name))
        for video in _list_network(folder, network, masks)
    ]
    if not tasks:
        raise JobError(
            f'{src} is not Manual-Fake: expected are videos in <network>/<real or method>/, where the network is '
            f'one of {", ".join(NETWORKS)}, and in mask/<method>/.'
        )
    return tasks


def network_of(folder: str) -> str | None:
    """The network that a folder's name begins with, in any case; None if it is none."""
    return next((network for network, starts in NETWORKS.items() if folder.lower().startswith(starts)), None)


def _folders(src: Path) -> list[Path]:
    return sorted(folder for folder in src.iterdir() if folder.is_dir())


def _without_ending(file: str) -> str:
    return PurePosixPath(file).with_suffix('').as_posix()


def _list_network(folder: Path, network: str, masks: dict[str, list[str]]) -> list[_Video]:
    """The videos of a folder, each forged one with its videos of masks, from ``masks`` by their path without ending."""
    files = list(find_files(folder, VIDEO_ENDINGS))
    scenes = {file: _without_ending(file) for file in files if PurePosixPath(file).parts[0].lower() not in _PRISTINE}
    plain = find_partners(scenes, masks)
    ended = find_partners({file: f'{scene}_mask' for file, scene in scenes.items()}, masks)
    found = {file: masks.get(plain[file] or ended[file] or '', []) for file in scenes}
    return [_Video(f'{folder.name}/{file}', network, file in scenes, tuple(found.get(file, ()))) for file in files]


def convert(task: Task, dst: Path, *, src: Path, sampling: Sampling) -> Outcome:
    """Turn a video into frames, with masks if it is forged; the work of :func:`run_job`."""
    video = task.args
    path = safe_join(src, video.path)
    if not video.fake:
        return _convert_pristine(task, path, dst, sampling)
    mask_path = safe_join(src, the_only(video.masks, 'video of masks for it in mask/<method>/'))
    with ExitStack() as stack:
        opened = [stack.enter_context(sampling.open(path))]
        opened.append(stack.enter_context(sampling.open(mask_path, like=opened[0])))
        chosen = sampling.choose(path, common_length(*opened))
        indices = [moment.index for moment in chosen]
        # All are decoded before any is written, as in FFIW.
        moments = list(zip(chosen, *(each.frames(indices) for each in opened)))
    entries = [_write_fake(task, *moment, dst, sampling) for moment in moments]
    kept = [entry for entry in entries if entry]
    counts = {EMPTY_MASK: len(entries) - len(kept)} if len(kept) < len(entries) else {}
    return Outcome(kept, counts if chosen else {NO_FACES: 1})


def _convert_pristine(task: Task, path: Path, dst: Path, sampling: Sampling) -> Outcome:
    chosen = sampling.choose(path)
    with sampling.open(path) as video:
        frames = list(video.frames([moment.index for moment in chosen]))
    entries = [_write(task, moment, frame, None, dst, sampling) for moment, frame in zip(chosen, frames)]
    return Outcome(entries, {} if chosen else {NO_FACES: 1})


def _write_fake(
    task: Task, moment: Chosen, frame: np.ndarray, mask_frame: np.ndarray, dst: Path, sampling: Sampling
) -> Entry | None:
    """Write a forged frame and its mask; nothing if the mask is empty."""
    scales = np.divide(frame.shape[:2], mask_frame.shape[:2])
    if abs(scales[0] / scales[1] - 1) > _STRETCH:
        sizes = ' and '.join(f'{each.shape[1]} x {each.shape[0]}' for each in (frame, mask_frame))
        raise BadInput(f'The frames of the video and of its masks have different shapes: {sizes}')
    mask = binarize_mask(mask_frame, frame.shape[:2])
    return _write(task, moment, frame, mask, dst, sampling) if mask.any() else None


def _write(
    task: Task, moment: Chosen, frame: np.ndarray, mask: np.ndarray | None, dst: Path, sampling: Sampling
) -> Entry:
    video = task.args
    # Folder, method and the whole name: 1.mp4 and 1.avi are two videos.
    name = f'{safe_name(task.key)}_{moment.index:06d}'
    image = sampling.write_frame(dst, f'images/{name}', frame)
    if mask is not None:
        write_mask(dst, f'masks/{name}.png', mask)
    scene = _without_ending(PurePosixPath(task.key).relative_to(task.key.split('/')[0]).as_posix())
    info = {'sources': [f'manual_fake/{scene}'], 'faces': moment.faces, 'frame': moment.index}
    return Entry(image, int(video.fake), f'test_{video.network}', f'masks/{name}.png' if video.fake else None, info)
