"""What the manifest beside a list knows of its samples."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from ..jobs.job import MANIFEST
from ..jobs.line_log import whole_lines


class Origin(NamedTuple):
    """Where a sample comes from.

    Attributes:
        sources: What it was made from; samples that share a source belong in one split.
        faces: Number of faces; None if unknown.
    """

    sources: tuple[str, ...] = ()
    faces: int | None = None


def read_origins(folder: Path) -> dict[str, Origin] | None:
    """Read a folder's manifest.

    Returns:
        The origins by path of the image (``folder`` and the path in the list); None without a manifest of a converter.
    """
    origins = {}
    try:
        for line in whole_lines(folder / MANIFEST):
            for entry in json.loads(line).get('entries', ()):
                info = entry['info']
                image = os.path.join(folder, entry['image'])
                origins[image] = Origin(tuple(info.get('sources', ())), info.get('faces'))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Another tool's file of this name, or a damaged one: the check does without.
        return None
    return origins or None
