"""A local disk on which no file is ever seen half written."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

UNFINISHED = '.unfinished.pth'


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, except that each is written aside, under the name ``.unfinished.pth``, and then renamed.

    What a kill leaves of an unfinished file is in the way of nobody, and the next file that is written replaces it.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file as a whole or not at all; one of that name is replaced.

        Args:
            obj: The content.
            filepath: Where to; the folder is made if needed.

        Raises:
            OSError: If it cannot be written, on a full disk for instance; says what to do. What was there before is
                still there, and nothing of the new file.
        """
        path = Path(filepath)
        unfinished = path.with_name(UNFINISHED)
        try:
            super().put(obj, unfinished)
            # Whoever deletes an older file now must be sure that this one is on the disk.
            with unfinished.open('rb') as file:
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise OSError(
                error.errno,
                f'{path} cannot be written ({error.strerror}). Training stops here, since what it computes could not '
                'be kept; what was saved before is still there. Make room, then go on with --resume.',
            ) from error


register_backend(WholeFileBackend.__name__, WholeFileBackend, force=True)
