"""The pictures that ``monfap predict`` writes for an answer."""

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np

from ..atomic_write import atomic_write
from ..curation.paths import safe_name
from ..datasets import PALETTE
from ..structures import REAL_FAKE, ForgeryResult
from ..visualization.panels import center, overlay, panel_size, resize, write_tag

ALPHA = 0.45


def write_answer_files(folder: Path, result: ForgeryResult) -> dict[str, str]:
    """Write mask and overlay of an answer.

    Args:
        folder: Where to; the mask goes to ``masks``, the overlay to ``overlays``, which must exist.
        result: The answer, with its image.

    Returns:
        Their paths below the folder, by kind; nothing where there is no answer.

    Raises:
        OSError: If a file cannot be written.
    """
    if result.error is not None:
        return {}
    name = file_name(result.path)
    files = {'mask': f'masks/{name}.png', 'overlay': f'overlays/{name}.jpg'}
    _write(folder / files['mask'], result.mask.astype(np.uint8) * 255)
    _write(folder / files['overlay'], cv2.cvtColor(draw_overlay(result), cv2.COLOR_RGB2BGR))
    return files


def draw_overlay(result: ForgeryResult) -> np.ndarray:
    """The picture at the size of a panel, its fake pixels tinted and outlined, P(fake) written on it.

    Args:
        result: The answer, with its image.

    Returns:
        Picture (H', W', 3), uint8, RGB.
    """
    size = panel_size(*result.size)
    image = resize(np.ascontiguousarray(result.image[..., ::-1]), size)
    mask = resize(result.mask.astype(np.uint8), size, cv2.INTER_NEAREST)
    panel = center(overlay(image, mask, PALETTE[1], ALPHA))
    return write_tag(panel, f'P(fake) {result.score:.2f}  {result.label}', PALETTE[REAL_FAKE.index(result.label)])


def file_name(path: str) -> str:
    """A name of its own for each path, the same in every run, and readable."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return f'{safe_name(os.path.basename(path))}.{digest}'


def _write(path: Path, image: np.ndarray) -> None:
    atomic_write(path, cv2.imencode(path.suffix, image)[1].tobytes())
