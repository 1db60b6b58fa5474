"""Columbia Uncompressed: authentic ``4cam_auth/*.tif``, spliced ``4cam_splc/*.tif``, masks in ``4cam_splc/edgemask``.

In a mask the spliced part is green and the rest red, both brighter along their common border.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import find_partners
from .sample import Sample

_FOLDERS = {'4cam_auth': 0, '4cam_splc': 1}


def list_columbia(src: Path) -> Iterator[Sample]:
    """Samples of Columbia, which may lie in a folder of their own below ``src``."""
    files = list(find_files(src))
    labels = {path: _FOLDERS.get(PurePosixPath(path).parent.name.lower()) for path in files}
    masks = find_partners({path: _mask_of(PurePosixPath(path)) for path in files if labels[path]}, files)
    for path, label in labels.items():
        if label is not None:
            yield Sample(path, label, (PurePosixPath(path).stem,), masks.get(path), 'green')


def _mask_of(path: PurePosixPath) -> str:
    return (path.parent / 'edgemask' / f'{path.stem}_edgemask.jpg').as_posix()
