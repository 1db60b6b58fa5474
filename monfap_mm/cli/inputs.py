"""Which files ``monfap predict`` answers: each once, those that changed since again, and none of its own."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..jobs.shards import FOLDER as SHARD_FOLDER
from ..jobs.shards import Shard
from ..media.endings import IMAGE_ENDINGS, VIDEO_ENDINGS
from ..media.folders import LeftOut, expand_inputs
from .answer_files import FOLDERS as PICTURE_FOLDERS
from .video_files import FOLDER as VIDEO_FOLDER

PIPE = '-'
# What predict writes for a picture or a video lies in these.
_OWN = (*PICTURE_FOLDERS, VIDEO_FOLDER, SHARD_FOLDER)


class Inputs:
    """The files that are left to be answered, in their order; counts what it leaves out.

    Whether a file changed since it was answered is told by its size and its time of change: a look at both costs
    nothing, where hashing would read every file of a folder again only to learn that it is done. A file that was copied
    anew without its time is answered again, which does no harm.

    Args:
        paths: As on the command line; ``-`` stands for the lines of standard input.
        out: Folder of the answers; what was written to it for pictures and videos is left out.
        done: By :func:`identity`, the :func:`state` of what is answered; None where it is not known.
        shard: Only the files of this part, by their path below the folder that was named.

    Attributes:
        total: Number of different files so far, without those in :attr:`own` and of other shards.
        elsewhere: Number of those of other shards.
        changed: Number of those that are answered again, since they changed.
        own: Number of files that were left out since they were written for answers.
        left_out: What folders hold beside pictures and videos.
    """

    def __init__(
        self,
        paths: Iterable[str],
        out: Path | None = None,
        done: Mapping[str, dict | None] | None = None,
        shard: Shard | None = None,
    ) -> None:
        self._names = (name for path in paths for name in (_read_lines() if path == PIPE else [path]))
        folders = [] if out is None else [os.path.realpath(out / name) for name in _OWN]
        self._own = tuple(os.path.join(folder, '') for folder in folders)
        self._done = done or {}
        self._shard = shard
        self._states: dict[str, dict | None] = {}
        self.total = self.elsewhere = self.changed = self.own = 0
        self.left_out = LeftOut()

    def __iter__(self) -> Iterator[str]:
        seen, folders = set(), {}
        for root, path in self._listed():
            key = identity(path, folders)
            if key in seen:
                continue
            seen.add(key)
            if key.startswith(self._own):
                self.own += 1
                continue
            if self._shard and not self._shard.has(_below(root, path)):
                self.elsewhere += 1
                continue
            self.total += 1
            # Before the file is read: if it changes meanwhile, it is seen to have changed.
            now = state(path)
            if key in self._done:
                if self._done[key] is None or now is None or now == self._done[key]:
                    continue
                self.changed += 1
            self._states[path] = now
            yield path

    def _listed(self) -> Iterator[tuple[str, str]]:
        for root in self._names:
            for path in expand_inputs(root, IMAGE_ENDINGS | VIDEO_ENDINGS, self.left_out):
                yield root, str(path)

    def take_state(self, path: str) -> dict | None:
        """The state that a file had when it was chosen; to be asked once."""
        return self._states.pop(path, None)


def identity(path: str, folders: dict[str, str] | None = None) -> str:
    """What is the same for ``x.jpg``, ``./x.jpg`` and ``link to its folder/x.jpg``, and for no other file.

    A link to the file itself is another one: it may have been given a name for a reason.

    Args:
        path: Absolute, or relative to the working directory.
        folders: Keeps what links in names of folders lead to, from call to call.
    """
    folder, name = os.path.split(path)
    folders = {} if folders is None else folders
    if folder not in folders:
        try:
            folders[folder] = os.path.realpath(folder)
        except (OSError, ValueError):  # a NUL, say; there is an error line for it
            folders[folder] = folder
    return os.path.join(folders[folder], name)


def state(path: str) -> dict | None:
    """Size in bytes and time of the last change, in seconds since 1970, of a file; None if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return dict(bytes=status.st_size, modified=status.st_mtime)


def _below(root: str, path: str) -> str:
    """The part of a path that is the same on machines that have the folder at different places."""
    return path.removeprefix(os.path.join(root, ''))


def _read_lines() -> Iterator[str]:
    """Paths of standard input, a line each, whatever bytes they are made of."""
    for line in sys.stdin.buffer:
        if path := os.fsdecode(line.rstrip(b'\r\n')):
            yield path
