"""Running a command: one set of exit codes, and a line in place of a traceback for what a user can set right."""

import errno
import io
import os
import sys
from collections.abc import Callable

from ..jobs.errors import JobError, JobStoppedError
from .exit_codes import DONE, INTERRUPTED, NOT_STARTED, NOT_WRITTEN

_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class CommandError(Exception):
    """Nothing was done, for a reason that the message gives and the user can set right."""


def run_command(name: str, command: Callable[[], int | None], after_stop: str = '', **options) -> None:
    """Run a command as what the process is for: it ends with the command's code, see :func:`exit_code`."""
    if code := exit_code(name, command, after_stop, **options):
        sys.exit(code)


def exit_code(
    name: str, command: Callable[[], int | None], after_stop: str = '', refusal: type[Exception] = CommandError
) -> int:
    """Run a command.

    Args:
        name: Name of the command, put before messages.
        command: Returns the exit code; None is 0.
        after_stop: What Ctrl-C leaves, such as "the same command goes on".
        refusal: An error of the command's own that means what :class:`CommandError` does.

    Returns:
        Its code; 2 for :class:`CommandError`, :class:`JobError` and ``refusal``; 3 for :class:`JobStoppedError`, a full
        disk, or a pipe that nobody reads any more; 130 for Ctrl-C.
    """
    show_any_text()
    try:
        return command() or DONE
    except JobStoppedError as error:
        return _say(name, error, NOT_WRITTEN)
    except (CommandError, JobError, refusal) as error:
        return _say(name, error, NOT_STARTED)
    except KeyboardInterrupt:
        return _say(name, f'stopped{after_stop and f"; {after_stop}"}', INTERRUPTED)
    except BrokenPipeError:
        # The reader has seen enough. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_WRITTEN
    except OSError as error:
        if error.errno not in _FULL_DISK:
            raise
        return _say(name, f'cannot write: {error}', NOT_WRITTEN)


def show_any_text() -> None:
    """Let both outputs escape what their encoding lacks, so that no print ends a job whose work is done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook has others
            stream.reconfigure(errors='backslashreplace')


def _say(name: str, message: object, code: int) -> int:
    print(f'{name}: {message}', file=sys.stderr)
    return code
