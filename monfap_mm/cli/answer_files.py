"""The pictures that ``monfap predict`` writes for an answer."""

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np

from ..atomic_write import atomic_write
from ..curation.paths import safe_name
from ..structures import ForgeryResult
from ..visualization.prediction_panel import draw_overlay


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
    name = _name(result.path)
    files = {'mask': f'masks/{name}.png', 'overlay': f'overlays/{name}.jpg'}
    _write(folder / files['mask'], result.mask.astype(np.uint8) * 255)
    _write(folder / files['overlay'], cv2.cvtColor(draw_overlay(result), cv2.COLOR_RGB2BGR))
    return files


def _name(path: str) -> str:
    """A name of its own for each path, the same in every run, and readable."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return f'{safe_name(os.path.basename(path))}.{digest}'


def _write(path: Path, image: np.ndarray) -> None:
    atomic_write(path, cv2.imencode(path.suffix, image)[1].tobytes())
