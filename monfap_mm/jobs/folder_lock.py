"""One run at a time writes to a folder."""

import errno
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..utils.printable import printable
from .errors import JobError

try:
    import fcntl
except ImportError:  # Windows, where runs are not kept apart
    fcntl = cast(Any, None)

LOCK = '.lock'
# Workers of a killed run keep its lock until they have seen that it is gone.
_PATIENCE_SECONDS = 10
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
_MAX_COMMAND = 200


@contextmanager
def only_writer(target: str | Path) -> Iterator[int]:
    """Keep other runs from writing to the same folder, or file, until the block ends.

    The lock is a file that tells who holds it: ``.lock`` in a folder, ``.<name>.lock`` beside a file. It is gone after
    the block; what a killed run leaves of it holds nothing up. A file system that has no locks is used without.

    Args:
        target: A folder that exists, or a file in one, which need not exist.

    Yields:
        The file descriptor of the lock: a process that inherits it keeps the lock for as long as it lives.

    Raises:
        JobError: If another run is at work there; the message says which.
        OSError: If the lock cannot be made.
    """
    target = Path(target)
    path = target / LOCK if target.is_dir() else target.with_name(f'.{target.name[:60]}{LOCK}')
    file = _locked(path, target)
    try:
        file.truncate(0)
        file.write(f'{os.getpid()} {socket.gethostname()} {_command()}\n'.encode('utf-8', 'backslashreplace'))
        yield file.fileno()
    finally:
        # Deleted while it is locked: who waits for it sees that it is no longer in its place, and makes another.
        with suppress(OSError):
            path.unlink()
        file.close()


def _command() -> str:
    name, *arguments = sys.argv
    return shlex.join([os.path.basename(name), *arguments])[:_MAX_COMMAND].replace('\n', ' ')


def _locked(path: Path, target: Path) -> BinaryIO:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        file = _open(path)
        if _lock(file):
            if _is_at(file, path):
                return file
            file.close()
            continue
        pid, host, command = (os.pread(file.fileno(), 1000, 0).decode(errors='replace').split(' ', 2) + [''] * 3)[:3]
        file.close()
        if _is_alive(pid, host) or time.monotonic() > deadline:
            who = f' (process {printable(pid)} on {printable(host)}: {printable(command.strip())})' if pid else ''
            raise JobError(f'Another run is at work in {target}{who}: wait for it, or stop it.')
        time.sleep(0.1)


def _open(path: Path) -> BinaryIO:
    # A link in its place would let the lock empty another file.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0)
    return os.fdopen(os.open(path, flags, 0o666), 'r+b', buffering=0)


def _lock(file: BinaryIO) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _is_alive(pid: str, host: str) -> bool:
    """Whether the process that took the lock lives, rather than only workers of it."""
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
