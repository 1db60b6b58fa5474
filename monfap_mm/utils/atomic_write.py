"""Files that are never seen half finished."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Hidden, so that nothing which looks for pictures takes it for one; short, whatever the length of the file's own name.
_PREFIX = '.writing-'


@contextmanager
def written_aside(path: str | Path, folder: Path | None = None) -> Iterator[Path]:
    """Write a file under a temporary name, and give it its own name when the block ends.

    A kill at any moment, a full disk or an error leaves what was there before. What is replaced is replaced by contents
    that are on the disk, so that a power cut does not leave an empty file either; a new file that a power cut takes is
    only missing, which is not worth the wait for the disk. A link in its place is replaced, not followed: the set of a
    converter may link to the source's pictures, which no output may overwrite.

    Args:
        path: Where to.
        folder: Where the temporary file lies, on the same file system; default: beside ``path``.

    Yields:
        The temporary name, with the same ending; the block makes a file, or a link, of this name.

    Raises:
        OSError: If the file cannot be written, or something else than a file is in its place.
    """
    path = Path(path)
    temporary = name_aside(path, folder)
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def name_aside(path: Path, folder: Path | None = None) -> Path:
    """A temporary name, with the same ending, for what no block can hold; see :func:`written_aside`."""
    return (folder or path.parent) / f'{_PREFIX}{secrets.token_hex(8)}{path.suffix[:16]}'


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a file that is written its own name; see :func:`written_aside`."""
    replaced = _file_there(path)
    # A link that the writer made is not ours to change: it may be a picture of the source.
    if replaced is not None and temporary.lstat().st_nlink == 1 and not temporary.is_symlink():
        _flush_to_disk(temporary)
        temporary.chmod(stat.S_IMODE(replaced.st_mode))
    os.replace(temporary, path)


def atomic_write(path: str | Path, content: bytes | str) -> None:
    """Write a file by :func:`written_aside`.

    Args:
        path: Where to; an existing file is replaced.
        content: Bytes, or text that is written as UTF-8 with its line ends unchanged.

    Raises:
        OSError: If the file cannot be written; what was there before is still there.
    """
    with written_aside(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed runs have left of :func:`written_aside` in a folder, where no other one is at work."""
    for path in folder.glob(f'{_PREFIX}*'):
        path.unlink(missing_ok=True)


def _file_there(path: Path) -> os.stat_result | None:
    """The status of a regular file that is about to be replaced; None where nothing or a link is."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):  # renaming would put a file in the place of, say, /dev/null
        raise FileExistsError(f'{path} is not a regular file, so it is not replaced')
    return status


def _flush_to_disk(path: Path) -> None:
    # For writing: Windows flushes no other.
    with path.open('r+b') as file:
        os.fsync(file.fileno())
