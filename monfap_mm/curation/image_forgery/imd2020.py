"""IMD2020, real-life manipulated images: ``<id>/<id>_orig.jpg``, ``<id>/<name>.png`` and ``<id>/<name>_mask.png``."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import find_partners
from .sample import Sample

_MASK_END, _GENUINE_END = '_mask', '_orig'


def list_imd2020(src: Path) -> Iterator[Sample]:
    """Samples of IMD2020, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    images = [path for path in files if not _ends(path, _MASK_END)]
    masks = find_partners(
        {path: _mask_of(PurePosixPath(path)) for path in images if not _ends(path, _GENUINE_END)}, files
    )
    for path in images:
        yield Sample(path, int(path in masks), (PurePosixPath(path).parent.name,), masks.get(path))


def _ends(path: str, end: str) -> bool:
    return PurePosixPath(path).stem.lower().endswith(end)


def _mask_of(path: PurePosixPath) -> str:
    return path.with_name(f'{path.stem}{_MASK_END}.png').as_posix()
