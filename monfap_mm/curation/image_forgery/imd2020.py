"""IMD2020, real-life manipulated images: ``<id>/<id>_orig.jpg``, ``<id>/<name>.png`` and ``<id>/<name>_mask.png``."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import by_letters, find_alike
from .sample import Sample

_MASK_END = '_mask'


def list_imd2020(src: Path) -> Iterator[Sample]:
    """Samples of IMD2020, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    known = by_letters(files)
    for path in map(PurePosixPath, files):
        if path.stem.endswith(_MASK_END):
            continue
        forged = not path.stem.endswith('_orig')
        mask = path.with_name(f'{path.stem}{_MASK_END}.png').as_posix()
        yield Sample(path.as_posix(), int(forged), (path.parent.name,), find_alike(mask, known) if forged else None)
