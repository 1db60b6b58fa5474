"""The manifest of a set: what was made of each source item, one JSON object a line, appended as the work goes on."""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .errors import JobError

# Workers of a killed run keep its lock until they have seen that it is gone.
_PATIENCE_SECONDS = 10


class Manifest:
    """An open manifest, locked against a second run in the same folder.

    The first line holds the settings, every other one a record with a unique ``key``; of two records with the same
    key the later one counts. A torn last line, left by a killed run, is dropped.

    Args:
        path: The file; made if there is none.
        settings: What the set depends on, ready for JSON.

    Raises:
        JobError: If the file was made with other settings, is damaged, or belongs to a run that is still at work.
    """

    def __init__(self, path: Path, settings: dict) -> None:
        self.path = path
        self._offsets: dict[str, int] = {}
        self._bad: set[str] = set()
        self._file = _open_locked(path)
        header = _line({'settings': settings})
        try:
            end = self._index(json.loads(header)['settings'])
        except BaseException:
            self._file.close()
            raise
        self._file.truncate(end)
        self._file.seek(end)
        if not end:
            self._write(header)

    def _index(self, settings: dict) -> int:
        """Note where each record begins; returns the end of the last whole line."""
        end = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b'\n'):
                break
            try:
                record = json.loads(line)
                if number > 1:
                    self._note(record, end)
                else:
                    _compare(self.path, record['settings'], settings)
            except (ValueError, KeyError, TypeError) as error:
                raise JobError(f'{self.path}, line {number} is damaged: delete it, or the folder.') from error
            end += len(line)
        return end

    def _note(self, record: dict, offset: int) -> None:
        self._offsets[record['key']] = offset
        (self._bad.add if 'bad' in record else self._bad.discard)(record['key'])

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise JobError(f'Cannot write {self.path}: {error.strerror or error}') from error

    def __enter__(self) -> 'Manifest':
        return self

    def __exit__(self, *_) -> None:
        # What could not be written before cannot be written now; that was reported.
        with suppress(OSError):
            self._file.close()

    @property
    def keys(self) -> Iterable[str]:
        """The keys of all records."""
        return self._offsets.keys()

    def is_done(self, key: str) -> bool:
        """Whether there is a record of this key that tells of no failure: what failed is tried again."""
        return key in self._offsets and key not in self._bad

    def append(self, record: dict) -> None:
        """Add a record; it survives the end of this process."""
        self._note(record, self._file.tell())
        self._write(_line(record))

    def records(self, keys: Iterable[str]) -> Iterator[dict]:
        """The records of the given keys, in their order; keys without a record are left out."""
        for line in self._lines(keys):
            yield json.loads(line)

    def _lines(self, keys: Iterable[str]) -> Iterator[bytes]:
        end = self._file.tell()
        try:
            for key in keys:
                if key in self._offsets:
                    self._file.seek(self._offsets[key])
                    yield self._file.readline()
        finally:
            self._file.seek(end)

    def write_sorted(self, path: Path, keys: Iterable[str]) -> None:
        """Write a copy without superseded records, in the order of ``keys``."""
        self._file.seek(0)
        header = self._file.readline()
        self._file.seek(0, os.SEEK_END)
        with path.open('wb') as copy:
            copy.write(header)
            copy.writelines(self._lines(keys))


def _line(record: dict) -> bytes:
    # ASCII only: names that are no valid Unicode are kept as escapes.
    return (json.dumps(record) + '\n').encode('ascii')


def _open_locked(path: Path) -> BinaryIO:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        file = path.open('a+b')
        # A run that ends puts another file in its place: then this one is locked, but no longer the manifest.
        if _lock(file) and _is_at(file, path):
            file.seek(0)
            return file
        file.close()
        if time.monotonic() > deadline:
            raise JobError(f'Another run is at work in {path.parent}: wait for it, or stop it.')
        time.sleep(0.1)


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _compare(path: Path, made: dict, asked: dict) -> None:
    differing = [name for name in {**made, **asked} if made.get(name) != asked.get(name)]
    if differing:
        changes = ', '.join(f'{name} ({made.get(name)!r} there, {asked.get(name)!r} asked)' for name in differing)
        raise JobError(
            f'{path.parent} holds a set made with other settings: {changes}. Delete that folder, or choose another one.'
        )
