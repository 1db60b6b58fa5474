"""The files of a set, none of which is ever seen half finished."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ..utils.atomic_write import written_aside
from .errors import JobStoppedError

LINKS = ('copy', 'hard', 'symlink')
PARTIAL = '.partial'


def write_file(dst: Path, name: str, content: bytes) -> None:
    """Write a file under a temporary name, then rename it.

    Args:
        dst: Folder of the set.
        name: Path below ``dst``, separated by slashes; missing folders are made.
        content: The bytes.

    Raises:
        JobStoppedError: If it cannot be written (no space, no permission).
    """
    _place(dst, name, lambda temporary: temporary.write_bytes(content))


def write_mask(dst: Path, name: str, mask: np.ndarray) -> None:
    """Write a mask as 8-bit PNG of 0 and 255, see :func:`write_file`.

    Args:
        dst: Folder of the set.
        name: Path below ``dst``.
        mask: Array (H, W), any type; what is not zero is fake.
    """
    write_file(dst, name, cv2.imencode('.png', np.where(mask, 255, 0).astype(np.uint8))[1].tobytes())


def place_image(source: Path, dst: Path, name: str, link: str = 'copy') -> None:
    """Give the set an image, with exactly the bytes of its source.

    Args:
        source: The source file, from :func:`safe_join`.
        dst: Folder of the set.
        name: Path below ``dst``.
        link: ``'copy'``; ``'hard'`` or ``'symlink'`` take no space, but change or break with the source.

    Raises:
        JobStoppedError: If it cannot be written.
    """
    makers: dict[str, Callable] = {'copy': shutil.copyfile, 'hard': os.link, 'symlink': os.symlink}
    _place(dst, name, lambda temporary: makers[link](source.resolve(), temporary))


def _place(dst: Path, name: str, make) -> None:
    """Half-made files lie in a folder of their own, which the job removes as a whole: a set has many folders."""
    path, partial = dst / name, dst / PARTIAL
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir(exist_ok=True)
        with written_aside(path, partial) as temporary:
            make(temporary)
    except OSError as error:
        raise JobStoppedError(f'Cannot write {path}: {error.strerror or error}') from error
