"""A local disk on which no file is ever seen half written."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from ..utils.atomic_write import written_aside


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, except that each is written aside and then renamed."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file as a whole or not at all; one of that name is replaced.

        Args:
            obj: The content.
            filepath: Where to; the folder is made if needed.

        Raises:
            OSError: If it cannot be written, on a full disk for instance; says what to do. What was there before is
                still there, and nothing of the new file.
        """
        try:
            with written_aside(filepath) as temporary:
                super().put(obj, temporary)
                # Whoever deletes an older file now must be sure that this one is on the disk.
                with temporary.open('r+b') as file:
                    os.fsync(file.fileno())
        except OSError as error:
            raise OSError(
                error.errno,
                f'{filepath} cannot be written ({error.strerror or error}). Training stops, since what it computes '
                'could not be kept; what was saved before is still there. Make room, then go on with --resume.',
            ) from error


register_backend(WholeFileBackend.__name__, WholeFileBackend, force=True)
