"""NIST16 (Nimble Challenge 2016): probes and masks as its reference file lists them; in a mask, black is forged."""

import csv
from collections.abc import Iterator
from pathlib import Path

from ...jobs.errors import JobError
from ..annotations import find_annotations
from .sample import Sample

REFERENCE = 'reference/manipulation/NC2016-manipulation-ref.csv'
_COLUMNS = ('ProbeFileName', 'ProbeMaskFileName', 'IsTarget')


def list_nist16(src: Path) -> Iterator[Sample]:
    """Samples of NIST16, which may lie in a folder of their own below ``src``; a probe listed twice counts once.

    Raises:
        JobError: If the reference file is not there, or lacks a column.
    """
    reference = find_annotations(src, REFERENCE)
    if reference is None:
        raise JobError(f'{src} is not NIST16: there is no {REFERENCE} in it.')
    root = reference.parents[2].relative_to(src)
    seen = set()
    for row in _read_rows(reference):
        # pathlib makes one of two spellings such as probe/a.jpg and probe//a.jpg.
        probe = (root / row['ProbeFileName']).as_posix()
        if probe in seen:
            continue
        seen.add(probe)
        forged = row['IsTarget'] == 'Y'
        mask = (root / row['ProbeMaskFileName']).as_posix() if forged and row['ProbeMaskFileName'] else None
        source = row.get('BaseFileName') or row['ProbeFileName']
        yield Sample(probe, int(forged), (source,), mask, 'black')


def _read_rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding='utf-8', newline='') as file:
            reader = csv.DictReader(file, delimiter='|')
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise JobError(f'{path} has no column {", ".join(missing)}; columns are separated by "|".')
            return [row for row in reader if all(row[name] is not None for name in _COLUMNS)]
    except (OSError, ValueError, csv.Error) as error:
        raise JobError(f'Cannot read {path}: {error}') from error
