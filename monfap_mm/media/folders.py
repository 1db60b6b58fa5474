"""From what a user names to files: files, folders, globs; contents of files and arrays pass as they are."""

import glob
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .endings import IMAGE_ENDINGS

PictureInput = str | Path | io.BytesIO | np.ndarray
# What a picture may be, for errors.
KINDS = 'a path, an array (H, W, 3) or io.BytesIO'
PictureInputs = PictureInput | Iterable[PictureInput]


@dataclass
class LeftOut:
    """What a listing does not give; it fills while the listing goes on.

    Attributes:
        endings: Number of files by lower-case ending; '' for files without one. Hidden files do not count.
        folders: Paths of folders that cannot be listed or that a link leads to out of the root, each with the reason.
    """

    endings: Counter[str] = field(default_factory=Counter)
    folders: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """A line for people: ``5 files of other kinds left out: 3 .txt, 2 .jxl``; empty if nothing was left out."""
        parts = []
        if self.endings:
            kinds = ', '.join(f'{count} {ending or "without ending"}' for ending, count in self.endings.most_common())
            total = self.endings.total()
            parts.append(f'{total} {"file" if total == 1 else "files"} of other kinds left out: {kinds}')
        parts += [f'not listed: {folder}' for folder in self.folders]
        return '; '.join(parts)


def expand_inputs(
    inputs: PictureInputs, endings: frozenset[str] = IMAGE_ENDINGS, left_out: LeftOut | None = None
) -> Iterator[str | io.BytesIO | np.ndarray]:
    """One by one what an input stands for; nothing is opened.

    Args:
        inputs: A file, a folder (all images below it, as :func:`find_files` lists them, also behind links), a glob
            (``**`` goes into folders), the contents of a file (``io.BytesIO``), an array, or an iterable of these,
            which may be endless.
        endings: Endings of the files in folders that get an answer. Default: pictures.
        left_out: Gets what folders hold besides.

    Yields:
        Paths, contents and arrays. What cannot be a picture, such as a file that does not exist, a folder without
        images or one that cannot be listed, or an item of an iterable that is none of these, comes as it is, so that it
        gets an answer too: the error of :func:`.images.read_picture`.

    Raises:
        TypeError: If the input itself is none of these.
    """
    if not isinstance(inputs, (str, os.PathLike, np.ndarray, io.BytesIO)) and not _is_collection(inputs):
        raise TypeError(f'a picture is {KINDS}, got {type(inputs).__name__}')
    yield from _expand(inputs, endings, LeftOut() if left_out is None else left_out)


def _expand(item: Any, endings: frozenset[str], left_out: LeftOut) -> Iterator:
    if isinstance(item, (str, os.PathLike)):
        yield from _expand_path(os.fspath(item), endings, left_out)
    elif _is_collection(item):
        for one in item:
            yield from _expand(one, endings, left_out)
    else:
        yield item


def _is_collection(item: object) -> bool:
    """Whether an object holds inputs. Files hold lines, arrays of any library numbers, and dicts keys."""
    if isinstance(item, (str, bytes, bytearray, io.IOBase, np.ndarray, Mapping)):
        return False
    return isinstance(item, Iterable) and getattr(item, 'ndim', 1) == 1


def _expand_path(path: str, endings: frozenset[str], left_out: LeftOut) -> Iterator[str]:
    if os.path.isdir(path):
        is_empty = True
        for name, _ in _walk(path, endings, left_out, everywhere=True):
            is_empty = False
            yield os.path.join(path, name) if name else path
        if is_empty:
            yield path
    elif not os.path.lexists(path) and glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        # Folders only as a last resort: '**' gives a folder and all that is in it.
        files = [match for match in matches if not os.path.isdir(match)]
        folders = matches or [path]
        yield from files or (match for folder in folders for match in _expand_match(folder, endings, left_out))
    else:
        yield path


def _expand_match(path: str, endings: frozenset[str], left_out: LeftOut) -> Iterator[str]:
    return _expand_path(path, endings, left_out) if os.path.isdir(path) else iter([path])


def find_files(
    root: str | Path, endings: frozenset[str] = IMAGE_ENDINGS, left_out: LeftOut | None = None
) -> Iterator[str]:
    """All files below a folder with one of the endings, sorted; hidden files and folders are left out.

    Linked folders come last. They are followed if they lie below ``root`` too; no folder is listed twice, so links may
    form circles.

    Args:
        root: Folder.
        endings: Lower-case file endings with their dot; the case of a file's ending does not matter.
        left_out: Gets what is not given.

    Yields:
        Paths relative to ``root``, separated by slashes. A path may still be a link: use :func:`safe_join` to open it.
    """
    left_out = LeftOut() if left_out is None else left_out
    for name, reason in _walk(root, endings, left_out, everywhere=False):
        if reason is None:
            yield name
        else:
            left_out.folders.append(f'{name or root}: {reason}')


def _walk(
    root: str | Path, endings: frozenset[str], left_out: LeftOut, everywhere: bool
) -> Iterator[tuple[str, str | None]]:
    """Files below a folder, each with None; folders that are not listed, each with the reason."""
    waiting, links, seen = [''], [], set()
    real_root = os.path.realpath(root)
    while waiting or links:
        is_link = not waiting
        folder = links.pop(0) if is_link else waiting.pop()
        path = os.path.join(root, folder)
        if is_link and not everywhere and not Path(os.path.realpath(path)).is_relative_to(real_root):
            yield folder, 'a link that leads out of the source folder'
            continue
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                found = sorted((entry for entry in entries if entry.name[0] != '.'), key=lambda entry: entry.name)
        except OSError as error:
            yield folder, error.strerror or str(error)
            continue
        deeper = []
        for entry in found:
            name = f'{folder}/{entry.name}' if folder else entry.name
            is_link = entry.is_symlink()
            if os.path.isdir(entry.path) if is_link else entry.is_dir():
                (links if is_link else deeper).append(name)
                continue
            ending = os.path.splitext(entry.name)[1].lower()
            if ending in endings:
                yield name, None
            else:
                left_out.endings[ending] += 1
        waiting += reversed(deeper)
