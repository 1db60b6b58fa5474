"""The manifest of a set: what was made of each source item, one JSON object per line, appended as the work goes on."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import JobError, JobStoppedError
from .line_log import LineLog, whole_lines


class Manifest:
    """An open manifest, in a folder that no other run writes to; a context manager.

    The first line holds the settings, every other one a record with a unique ``key``; where two records have
    the same key, the later one counts. A torn last line, left by a killed run, is dropped.

    Args:
        path: The file; made if there is none.
        settings: What the set depends on, ready for JSON.

    Raises:
        JobError: If the file was made with other settings, or is damaged.
    """

    def __init__(self, path: Path, settings: dict) -> None:
        self.path = path
        self._offsets: dict[str, int] = {}
        self._bad: set[str] = set()
        self._log = LineLog(path)
        header = _line({'settings': settings})
        try:
            self._index(json.loads(header)['settings'])
            if self._log.is_empty:
                self._write(header)
        except BaseException:
            self._log.close()
            raise

    def _index(self, settings: dict) -> None:
        """Note where each record begins."""
        start = 0
        for number, line in enumerate(whole_lines(self.path), start=1):
            try:
                record = json.loads(line)
                if number > 1:
                    self._note(record, start)
                else:
                    _compare(self.path, record['settings'], settings)
            except (ValueError, KeyError, TypeError) as error:
                raise JobError(f'{self.path}, line {number} is damaged: delete it, or the folder.') from error
            start += len(line)

    def _note(self, record: dict, offset: int) -> None:
        self._offsets[record['key']] = offset
        (self._bad.add if 'bad' in record else self._bad.discard)(record['key'])

    def _write(self, line: str) -> int:
        try:
            return self._log.append(line)
        except OSError as error:
            raise JobStoppedError(f'Cannot write {self.path}: {error.strerror or error}') from error

    def __enter__(self) -> 'Manifest':
        return self

    def __exit__(self, *_) -> None:
        self._log.close()

    @property
    def keys(self) -> Iterable[str]:
        """The keys of all records."""
        return self._offsets.keys()

    def is_done(self, key: str) -> bool:
        """Whether there is a record of this key that tells of no failure: what failed is tried again."""
        return key in self._offsets and key not in self._bad

    def append(self, record: dict) -> None:
        """Add a record; it survives the end of this process."""
        self._note(record, self._write(_line(record)))

    def records(self, keys: Iterable[str]) -> Iterator[dict]:
        """The records of the given keys, in their order; keys without a record are left out."""
        for line in self._lines(keys):
            yield json.loads(line)

    def _lines(self, keys: Iterable[str]) -> Iterator[bytes]:
        with self.path.open('rb') as file:
            for key in keys:
                if key in self._offsets:
                    file.seek(self._offsets[key])
                    yield file.readline()

    def write_sorted(self, path: Path, keys: Iterable[str]) -> None:
        """Write a copy without superseded records, in the order of ``keys``."""
        with path.open('wb') as copy:
            copy.write(next(whole_lines(self.path)))
            copy.writelines(self._lines(keys))


def _line(record: dict) -> str:
    # ASCII only: names that are no valid Unicode are kept as escapes.
    return json.dumps(record) + '\n'


def _compare(path: Path, made: dict, asked: dict) -> None:
    differing = [name for name in {**made, **asked} if made.get(name) != asked.get(name)]
    if differing:
        changes = ', '.join(f'{name} ({made.get(name)!r} there, {asked.get(name)!r} asked)' for name in differing)
        raise JobError(
            f'{path.parent} holds a set made with other settings: {changes}. Delete that folder, or choose another one.'
        )
