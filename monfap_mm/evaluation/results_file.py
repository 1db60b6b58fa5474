"""Files of scored images, from which any figure can be computed without the model.

A line of JSON that names the format, then one for each image (``.jsonl``); docs/evaluation.md has the keys. What
version 1 wrote is read too: the same with fewer bins and without rankings, as text or as a pickle (``.pkl``) of lists,
dicts, numbers and strings.
"""

import glob
import json
import pickle
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..jobs.line_log import LineLog
from ..utils.atomic_write import written_aside
from .functional import score_histogram
from .functional.score_histogram import INNER_END, INNER_WIDTH, NUM_BINS, OUTER_WIDTH
from .image_record import NUM_BINS_1, ImageRecord

HEADER_1 = dict(format='monfap_mm results', version=1, bins=NUM_BINS_1, bins_per_unit_of_logit=8)
HEADER = dict(
    format='monfap_mm results',
    version=2,
    bins=NUM_BINS,
    bins_of_logit=dict(inner_width=INNER_WIDTH, inner_end=INNER_END, outer_width=OUTER_WIDTH),
)
ENDING = '.jsonl'
PICKLES = ('.pkl', '.pickle')


class ResultsFileError(ValueError):
    """A file that holds no results, or broken ones. The message names the file, and the line and image if it can."""


class PartialResults:
    """The results of a process so far, as text beside the final file; a kill loses at most the last line.

    Args:
        target: The final file.
        rank: Number of the process.
    """

    def __init__(self, target: str, rank: int) -> None:
        self.path = Path(f'{target}.part{rank}')
        self._log: LineLog | None = None

    def append(self, record: ImageRecord) -> None:
        """Write a record so that it outlives the process. The first call begins a new file."""
        if self._log is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            self._log = LineLog(self.path)
            self._log.append(_line(HEADER))
        self._log.append(_line(record.to_json()))

    def remove(self) -> None:
        """Delete the file, if there is one, once the final file holds all."""
        if self._log is not None:
            self._log.close()
            self._log = None
        self.path.unlink(missing_ok=True)


def remove_stale_parts(target: str, world_size: int) -> None:
    """Delete the parts that an earlier run with more processes has left beside the final file.

    Args:
        target: The final file.
        world_size: Number of processes of this run; their parts stay.
    """
    for path in Path(target).parent.glob(f'{glob.escape(Path(target).name)}.part*'):
        rank = path.suffix.removeprefix('.part')
        if rank.isdecimal() and int(rank) >= world_size:
            path.unlink(missing_ok=True)


def write_results(path: str, records: Iterable[ImageRecord]) -> None:
    """Write a results file in the order of the dataset, as a whole or not at all.

    Args:
        path: File to write, ``.jsonl``; its folder is made if needed.
        records: The images.
    """
    check_ending(path)
    records = sorted(records, key=lambda record: -1 if record.sample_idx is None else record.sample_idx)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        file.write(_line(HEADER))
        file.writelines(_line(record.to_json()) for record in records)


def read_results(path: str) -> tuple[list[ImageRecord], list[str]]:
    """Read a results file, whole or of a run that was killed.

    An image that is there twice with the same values counts once. Nothing in the file is executed.

    Args:
        path: File of :func:`write_results` or :class:`PartialResults`, of this version or of version 1.

    Returns:
        The images, and warnings: of lines that are cut off, and how far figures of version 1 may be from exact ones.

    Raises:
        FileNotFoundError: If there is no such file.
        ResultsFileError: If it holds something else, a broken record, or an image twice with different values.
    """
    objects, warnings = _read_pickle(path) if path.endswith(PICKLES) else _read_lines(path)
    records = {}
    for place, values in objects:
        try:
            record = ImageRecord.from_json(values)
        except ValueError as error:
            name = values.get('img_path') if isinstance(values, dict) else None
            raise ResultsFileError(f'{path}, {place}{f" ({name})" if name else ""}: {error}') from error
        first = records.setdefault(record.identity, record)
        if first is not record and first.to_json() != record.to_json():
            raise ResultsFileError(
                f'{path}, {place}: {record.img_path} (sample {record.sample_idx}) is there twice with different '
                'values. Keep the results of one run only.'
            )
    if not records:
        raise ResultsFileError(f'{path} holds no image')
    return list(records.values()), warnings + _imprecision(path, list(records.values()))


def check_ending(path: str) -> None:
    """Raise a ValueError for a file that is not to be written as results."""
    if not path.endswith(ENDING):
        raise ValueError(f'a results file ends with {ENDING}, got {path}')


def _imprecision(path: str, records: list[ImageRecord]) -> list[str]:
    """What to know of images whose rankings come from the bins of version 1."""
    binned = [r.histogram for r in records if r.label == 1 and r.histogram is not None and r.ranking is None]
    if not binned:
        return []
    bounds = [figure(np.array(binned))[1] for figure in (score_histogram.auc, score_histogram.average_precision)]
    auc, average_precision = (100 * np.nanmean(bound) if np.isfinite(bound).any() else 0.0 for bound in bounds)
    return [
        f'{path} is of version 1, whose {NUM_BINS_1} bins of P(fake) end at logits of -15.875 and 15.875: per_image '
        f'AUC is within {auc:.2g} and AP within {average_precision:.2g} points, on the mean of '
        f'{len(binned)} fake images. A new test gives exact ones'
    ]


def _line(values: dict) -> str:
    # ASCII only: a path may hold bytes that are no Unicode, and is then kept as an escape.
    return json.dumps(values, separators=(',', ':')) + '\n'


def _read_lines(path: str) -> tuple[list[tuple[str, dict]], list[str]]:
    objects, warnings = [], []
    headers = tuple(_line(header).encode() for header in (HEADER, HEADER_1))
    with open(path, 'rb') as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b'\n'):
                warnings.append(f'{path}, line {number} is cut off, as after a kill: left out')
                break
            try:
                values = json.loads(line)
            except ValueError as error:
                if line.endswith(headers):  # the last line of a part that was cut off, and the first of the next
                    warnings.append(f'{path}, line {number} is cut off, as after a kill: left out')
                    continue
                raise ResultsFileError(f'{path}, line {number} is not JSON: {error}') from error
            if number == 1:
                _check_header(path, values)
            elif values not in (HEADER, HEADER_1):  # parts of several processes may be put together
                objects.append((f'line {number}', values))
    return objects, warnings


def _read_pickle(path: str) -> tuple[list[tuple[str, dict]], list[str]]:
    try:
        with open(path, 'rb') as file:
            values = _PlainUnpickler(file).load()
    except OSError:
        raise
    except Exception as error:  # a broken pickle raises nearly anything
        raise ResultsFileError(f'{path} is no results file: {error}') from error
    _check_header(path, values)
    return [(f'record {number}', record) for number, record in enumerate(values.get('records', []), start=1)], []


def _check_header(path: str, values: object) -> None:
    if not isinstance(values, dict) or values.get('format') != HEADER['format']:
        raise ResultsFileError(f'{path} is no results file: make one with tools/test.py --out {Path(path).stem}.jsonl')
    known = HEADER_1 if values.get('version') == 1 else HEADER
    differing = [f'{key} {values.get(key)}, expected {known[key]}' for key in known if values.get(key) != known[key]]
    if differing:
        raise ResultsFileError(f'{path} is of another version of the package: {"; ".join(differing)}')


class _PlainUnpickler(pickle.Unpickler):
    """Reads numbers, strings, lists and dicts, and refuses what would run code."""

    def find_class(self, module: str, name: str):
        raise pickle.UnpicklingError(f'it holds an object of {module}.{name}, not only numbers and text')
