"""Annotation files, on which all samples of a set depend."""

from collections.abc import Iterable
from pathlib import Path

from ..jobs.errors import JobError
from ..media.errors import BadInput
from ..media.paths import safe_join
from ..utils.provenance import file_sha256


def find_annotations(root: Path, name: str) -> Path | None:
    """The annotation file of a set, on which all its samples depend.

    Args:
        root: Folder of the set.
        name: Path of the file, below ``root`` or any folder in it.

    Returns:
        The file, the uppermost one if there are several; None if there is none.

    Raises:
        JobError: If :func:`safe_join` would refuse it.
    """
    found = min(root.rglob(name), key=lambda path: (len(path.parts), path), default=None)
    if found is None:
        return None
    try:
        safe_join(root, found.relative_to(root).as_posix())
    except BadInput as error:
        raise JobError(f'Cannot read the annotations {found}: {error}') from error
    return found


def hash_annotations(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of annotation files by file name: settings of a job, since its samples depend on them."""
    return {path.name: file_sha256(path) for path in paths}
