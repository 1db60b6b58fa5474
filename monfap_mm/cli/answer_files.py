"""The pictures that ``monfap predict`` writes for an answer."""

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np

from ..media.paths import safe_name
from ..structures import ForgeryResult
from ..utils.atomic_write import atomic_write
from ..utils.known import known
from ..visualization.evidence import draw_evidence
from ..visualization.prediction_panel import draw_overlay

FOLDERS = ('masks', 'overlays', 'evidence')


def write_answer_files(folder: Path, result: ForgeryResult, evidence: str | None = None) -> dict[str, str]:
    """Write mask, overlay and evidence of an answer.

    Args:
        folder: Where to; they go to ``masks``, ``overlays`` and ``evidence``, which must exist.
        result: The answer, with its image.
        evidence: Which answers get evidence: 'suspect', those that call the picture fake or some region of it; 'all';
            or None.

    Returns:
        Their paths below the folder, by kind; nothing where there is no answer.

    Raises:
        OSError: If a file cannot be written.
    """
    if result.error is not None:
        return {}
    name = file_name(known(result.path))
    files = {'mask': f'masks/{name}.png', 'overlay': f'overlays/{name}.jpg'}
    _write(folder / files['mask'], known(result.mask).astype(np.uint8) * 255)
    _write(folder / files['overlay'], cv2.cvtColor(draw_overlay(result), cv2.COLOR_RGB2BGR))
    if evidence == 'all' or (evidence == 'suspect' and (result.label == 'fake' or result.regions)):
        files['evidence'] = f'evidence/{name}.png'
        _write(folder / files['evidence'], cv2.cvtColor(draw_evidence(result), cv2.COLOR_RGB2BGR))
    return files


def file_name(path: str) -> str:
    """A name of its own for each path, the same in every run, and readable.

    The hash of the path tells files of one name apart, also where the file system takes A.jpg and a.jpg for one. At 128
    bits no two paths share it, not even two that somebody has searched for.
    """
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    return f'{safe_name(os.path.basename(path))}.{digest}'


def _write(path: Path, image: np.ndarray) -> None:
    # OpenCV's own choice makes PNG files of evidence twice as large, or more.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 6] if path.suffix == '.png' else []
    atomic_write(path, cv2.imencode(path.suffix, image, options)[1].tobytes())
