"""Names for the files that are written for images."""

import os
from collections.abc import Iterator
from itertools import count

from mmengine.dist import get_world_size


class FileNames:
    """Gives each image a name of its own: its stem, and where two images share a stem also its index in the dataset.

    Stems that differ only in small and capital letters count as the same.

    With several processes, which do not know of each other's names, all names have the index.

    Args:
        numbered: Whether all names have the index even in a single process.
    """

    def __init__(self, numbered: bool = False) -> None:
        self._numbered = numbered
        self._owners: dict[str, tuple[str, int]] = {}

    def __call__(self, path: str, index: int) -> str:
        """The name for an image, without folder and ending; the same at every call."""
        owner = (path, index)
        # Where the file system does not tell A.png from a.png, one would replace the other.
        return next(
            name for name in self._candidates(path, index) if self._owners.setdefault(name.casefold(), owner) == owner
        )

    def _candidates(self, path: str, index: int) -> Iterator[str]:
        """Names for an image, best first."""
        stem = os.path.splitext(os.path.basename(path))[0]
        if get_world_size() == 1 and not self._numbered:
            yield stem
        yield f'{stem}_{index}'
        yield from (f'{stem}_{index}_{number}' for number in count(2))
