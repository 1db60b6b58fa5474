"""Comparing folders."""

import hashlib
from pathlib import Path


def hash_tree(folder: Path) -> dict[str, str]:
    """Hash of every file by its path; a symbolic link counts by where it leads."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
