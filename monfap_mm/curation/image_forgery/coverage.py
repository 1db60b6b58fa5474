"""COVERAGE: originals ``image/1.tif``, copy-move forgeries ``image/1t.tif``, masks ``mask/1forged.tif``."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import find_partners
from .sample import Sample

_IMAGE = re.compile(r'(\d+)(t?)', re.IGNORECASE)


def list_coverage(src: Path) -> Iterator[Sample]:
    """Samples of COVERAGE, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    matches = {path: match for path in files if (match := _match(PurePosixPath(path)))}
    wanted = {path: _mask_of(PurePosixPath(path), match[1]) for path, match in matches.items() if match[2]}
    masks = find_partners(wanted, files)
    for path, match in matches.items():
        yield Sample(path, int(path in masks), (match[1],), masks.get(path))


def _match(path: PurePosixPath) -> re.Match | None:
    """Number and, if it is forged, the letter of an image; None for other files."""
    return _IMAGE.fullmatch(path.stem) if path.parent.name.lower() == 'image' else None


def _mask_of(path: PurePosixPath, number: str) -> str:
    return (path.parent.parent / 'mask' / f'{number}forged{path.suffix}').as_posix()
