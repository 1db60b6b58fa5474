"""From what a user names to pictures: files, folders, globs, contents of files, arrays."""

import glob
import io
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from .endings import IMAGE_ENDINGS
from .endings import VIDEO_ENDINGS as CONTAINER_ENDINGS
from .errors import BadInput
from .headers import name_of
from .images import read_source
from .paths import find_files

# 20,000 x 4,450: a little less than where Pillow begins to warn of decompression bombs.
MAX_PIXELS = 89_000_000
ENDINGS = IMAGE_ENDINGS | {'.gif'}
VIDEO_ENDINGS = CONTAINER_ENDINGS | {'.m4v', '.3gp'}

PictureInput = str | Path | io.BytesIO | np.ndarray
PictureInputs = PictureInput | Iterable[PictureInput]


class Picture(NamedTuple):
    """A picture as a viewer shows it.

    Attributes:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        note (str, optional): What the reader of an answer should know about it.
    """

    image: np.ndarray
    note: str | None = None


def is_video(path: str | io.BytesIO | np.ndarray) -> bool:
    """Whether a path is called like a video."""
    return isinstance(path, str) and os.path.splitext(path)[1].lower() in VIDEO_ENDINGS


def expand_inputs(inputs: PictureInputs, endings: frozenset[str] = ENDINGS) -> Iterator[str | io.BytesIO | np.ndarray]:
    """One by one what an input stands for; nothing is opened.

    Args:
        inputs: A file, a folder (all images below it, sorted; hidden files left out), a glob (``**`` goes into
            folders), the contents of a file (``io.BytesIO``), an array, or an iterable of these, which may be endless.
        endings: Of which files in folders there shall be an answer. Default: pictures.

    Yields:
        Paths, contents and arrays. What cannot be a picture, such as a file that does not exist or a folder without
        images, comes as it is, so that it gets an answer too: the error of :func:`load_picture`.

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


def load_picture(source: str | io.BytesIO | np.ndarray, max_pixels: int = MAX_PIXELS) -> Picture:
    """Load a picture. A file's size is checked before it is decoded.

    Args:
        source: Path of a file; the contents of one, which may have a ``name`` as open files do; or an array (H, W, 3),
            uint8, BGR.
        max_pixels: Largest number of pixels.

    Returns:
        The picture.

    Raises:
        BadInput: If there is no such file, it cannot be read, is no image, is broken, or too large; or the array is of
            another form.
    """
    if isinstance(source, np.ndarray):
        return Picture(_check_array(source, max_pixels))
    if isinstance(source, io.BytesIO):
        _check_contents(source)
    else:
        check_file(source)
    if is_video(source):
        raise BadInput(f'{source} is a video: ask "monfap predict", or predict_video of monfap_mm.apis')
    image = read_source(source, max_pixels)
    return Picture(image, _note(source, image))


def _check_array(image: np.ndarray, max_pixels: int) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise BadInput(f'an array must be (H, W, 3), uint8, BGR, but this one is {image.shape}, {image.dtype}')
    height, width = image.shape[:2]
    if height * width > max_pixels:
        raise BadInput(f'the array has {width} x {height} pixels, more than {max_pixels / 1e6:g} million (max_pixels)')
    return image


def _check_contents(contents: io.BytesIO) -> None:
    if not contents.getbuffer().nbytes:
        raise BadInput(f'{name_of(contents)} is empty')


def check_file(path: str) -> None:
    """Raise a BadInput unless a path is a regular file with something in it."""
    if '://' in path:
        raise BadInput(f'{path} is an address: download it first')
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        raise BadInput(f'{path}: {reason}') from error
    if stat.S_ISDIR(status.st_mode):
        raise BadInput(f'{path} holds no image ({", ".join(sorted(ENDINGS))})')
    # A pipe or a device would block the reader.
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f'{path} is not a regular file')
    if status.st_size == 0:
        raise BadInput(f'{path} is empty')


def _note(source: str | io.BytesIO, image: np.ndarray) -> str | None:
    with Image.open(source) as header:
        if getattr(header, 'is_animated', False):
            return 'the file holds several frames: the answer is for the first one'
        if header.mode.startswith('I') and image.max() <= 0x0F:
            return 'the values fill only the lower 12 of 16 bits, so the picture is nearly black: scale them to 16 bits'
    return None
