"""CASIA v1 and v2: authentic images ``Au_*``, tampered ones ``Sp_*`` (v1) or ``Tp_*`` (v2), masks ``*_gt.png``.

The masks were published later than the images, by others, and after many images had been renamed (``Sp_D_...`` to
``Sp_S_...`` and the like). The number at the end of a name was kept: a mask whose name has no image belongs to the one
with its number, if there is one such mask, and one such image without a mask.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...media.folders import find_files
from ...media.paths import find_partners
from .sample import Sample

_MASK_END = '_gt'
# A source photograph in the name of a tampered image: category and number, as in 'nat0054'.
_SOURCE = re.compile(r'[a-z]{3}\d{4,5}', re.IGNORECASE)


def list_casia1(src: Path) -> Iterator[Sample]:
    """Samples of CASIA v1: ``Au/``, ``Tp/{CM,Sp}/`` and the ground truth, in any folders."""
    return _list_samples(src, 'sp_')


def list_casia2(src: Path) -> Iterator[Sample]:
    """Samples of CASIA v2: ``Au/``, ``Tp/`` and the ground truth, in any folders."""
    return _list_samples(src, 'tp_')


def _list_samples(src: Path, tampered: str) -> Iterator[Sample]:
    files = {path: PurePosixPath(path).stem for path in find_files(src)}
    masks = _list_masks(files)
    images = {path: stem for path, stem in files.items() if not stem.lower().endswith(_MASK_END)}
    stems = set(images.values())
    mask_names = find_partners({stem: stem for stem in stems}, masks)
    orphans = _by_number(masks.keys() - mask_names.values())
    forged = [stem for stem in images.values() if stem.lower().startswith(tampered)]
    wanting = Counter(_number(stem) for stem in forged if mask_names[stem] is None)
    for path, stem in images.items():
        if stem.lower().startswith('au_'):
            yield Sample(path, 0, ('_'.join(stem.lower().split('_')[1:]).replace('_', ''),))
        elif stem.lower().startswith(tampered):
            sources = tuple(sorted({part.lower() for part in stem.split('_') if _SOURCE.fullmatch(part)})) or (stem,)
            same_number = orphans.get(_number(stem), [])
            if mask_names[stem] is not None:
                yield Sample(path, 1, sources, _the_only(masks[mask_names[stem]]))
            elif len(same_number) == wanting[_number(stem)] == 1 and (mask := _the_only(masks[same_number[0]])):
                yield Sample(path, 1, sources, mask, note=f'mask found by its number: {mask}')
            else:
                yield Sample(path, 1, sources)


def _list_masks(files: dict[str, str]) -> dict[str, list[str]]:
    """Paths of masks by what they are masks of: more than one where folders have files of the same name."""
    masks = defaultdict(list)
    for path, stem in files.items():
        if stem.lower().endswith(_MASK_END):
            masks[stem[: -len(_MASK_END)]].append(path)
    return masks


def _the_only(paths: list[str]) -> str | None:
    return paths[0] if len(paths) == 1 else None


def _number(stem: str) -> str:
    return stem.rsplit('_', 1)[-1]


def _by_number(stems: set[str]) -> dict[str, list[str]]:
    numbers = defaultdict(list)
    for stem in stems:
        numbers[_number(stem)].append(stem)
    return numbers
