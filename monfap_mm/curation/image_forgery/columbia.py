"""Columbia Uncompressed: authentic ``4cam_auth/*.tif``, spliced ``4cam_splc/*.tif``, masks in ``4cam_splc/edgemask``.

In a mask the spliced part is green and the rest red, both brighter along their common border.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import by_letters, find_alike
from .sample import Sample

_FOLDERS = {'4cam_auth': 0, '4cam_splc': 1}


def list_columbia(src: Path) -> Iterator[Sample]:
    """Samples of Columbia, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    known = by_letters(files)
    for path in map(PurePosixPath, files):
        label = _FOLDERS.get(path.parent.name)
        if label is None:
            continue
        mask = (path.parent / 'edgemask' / f'{path.stem}_edgemask.jpg').as_posix()
        yield Sample(path.as_posix(), label, (path.stem,), find_alike(mask, known) if label else None, 'green')
