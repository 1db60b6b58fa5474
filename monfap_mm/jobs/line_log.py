"""A file of lines that grows while work goes on; a kill or a full disk costs at most the line in hand."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_BLOCK = 1 << 16


class LineLog:
    """Lines that are on their way to the disk as soon as they are appended; a context manager.

    A torn last line, left by a kill, is cut off by the first :meth:`append`; until then a file that turns out to be
    another one is left as it is.

    Args:
        path: The file; made if there is none.

    Raises:
        OSError: If it cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open('a+b', buffering=0)
        self._end = self._find_end()

    def __enter__(self) -> 'LineLog':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def is_empty(self) -> bool:
        """Whether there is no whole line."""
        return self._end == 0

    def append(self, line: str) -> int:
        """Add a line, which survives the end of this process.

        Args:
            line: Text with a line break at its end, and nowhere else.

        Returns:
            Where it begins, in bytes from the start of the file.

        Raises:
            OSError: If it cannot be written as a whole; the file then ends with the line before.
        """
        start, content = self._end, memoryview(line.encode())
        try:
            self._file.truncate(start)
            while content:  # a disk that is nearly full takes a part
                content = content[self._file.write(content) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(start)
            raise
        self._end = self._file.tell()
        return start

    def _find_end(self) -> int:
        """The end of the last whole line."""
        start = self._file.seek(0, os.SEEK_END)
        while start:
            end, start = start, max(0, start - _BLOCK)
            self._file.seek(start)
            if found := self._file.read(end - start).rfind(b'\n') + 1:
                return start + found
        return 0


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file with their line breaks; a torn last one is left out."""
    with path.open('rb') as file:
        for line in file:
            if line.endswith(b'\n'):
                yield line
