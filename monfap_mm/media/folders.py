"""From what a user names to files: files, folders, globs; contents of files and arrays pass as they are."""

import glob
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from .endings import IMAGE_ENDINGS

PictureInput = str | Path | io.BytesIO | np.ndarray
PictureInputs = PictureInput | Iterable[PictureInput]


def expand_inputs(
    inputs: PictureInputs, endings: frozenset[str] = IMAGE_ENDINGS
) -> Iterator[str | io.BytesIO | np.ndarray]:
    """One by one what an input stands for; nothing is opened.

    Args:
        inputs: A file, a folder (all images below it, sorted; hidden files left out), a glob (``**`` goes into
            folders), the contents of a file (``io.BytesIO``), an array, or an iterable of these, which may be endless.
        endings: Of which files in folders there shall be an answer. Default: pictures.

    Yields:
        Paths, contents and arrays. What cannot be a picture, such as a file that does not exist or a folder without
        images, comes as it is, so that it gets an answer too: the error of :func:`.images.read_picture`.

    Raises:
        TypeError: If an input is none of these.
    """
    # Both are iterable, by rows and by lines.
    if isinstance(inputs, (np.ndarray, io.BytesIO)):
        yield inputs
    elif isinstance(inputs, (str, os.PathLike)):
        yield from _expand_path(os.fspath(inputs), endings)
    elif isinstance(inputs, Iterable) and not isinstance(inputs, bytes):
        for item in inputs:
            yield from expand_inputs(item, endings)
    else:
        raise TypeError(f'a picture is a path or an array (H, W, 3) or io.BytesIO, got {type(inputs).__name__}')


def _expand_path(path: str, endings: frozenset[str]) -> Iterator[str]:
    if os.path.isdir(path):
        names = iter(find_files(path, endings))
        first = next(names, None)
        if first is None:
            yield path
            return
        yield os.path.join(path, first)
        yield from (os.path.join(path, name) for name in names)
    elif not os.path.lexists(path) and glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        # Folders only as a last resort: '**' gives a folder and all that is in it.
        files = [match for match in matches if not os.path.isdir(match)]
        yield from files or (match for folder in matches or [path] for match in _expand_match(folder, endings))
    else:
        yield path


def _expand_match(path: str, endings: frozenset[str]) -> Iterator[str]:
    return _expand_path(path, endings) if os.path.isdir(path) else iter([path])


def find_files(root: str | Path, endings: frozenset[str] = IMAGE_ENDINGS) -> Iterator[str]:
    """All files below a folder with one of the endings, sorted; hidden files and linked folders are left out.

    Args:
        root: Folder.
        endings: Lower-case file endings with their dot; the case of a file's ending does not matter.

    Yields:
        Paths relative to ``root``, separated by slashes. A path may still be a link: use :func:`safe_join` to open it.
    """
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in sorted(files):
            if not name.startswith('.') and os.path.splitext(name)[1].lower() in endings:
                yield Path(folder, name).relative_to(root).as_posix()
