"""COVERAGE: originals ``image/1.tif``, copy-move forgeries ``image/1t.tif``, masks ``mask/1forged.tif``."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import by_letters, find_alike
from .sample import Sample

_IMAGE = re.compile(r'(\d+)(t?)')


def list_coverage(src: Path) -> Iterator[Sample]:
    """Samples of COVERAGE, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    known = by_letters(files)
    for path in map(PurePosixPath, files):
        match = _IMAGE.fullmatch(path.stem)
        if path.parent.name != 'image' or not match:
            continue
        number, forged = match[1], bool(match[2])
        mask = (path.parent.parent / 'mask' / f'{number}forged{path.suffix}').as_posix()
        yield Sample(path.as_posix(), int(forged), (number,), find_alike(mask, known) if forged else None)
