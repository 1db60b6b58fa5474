"""Files that are never seen half finished."""

import os
from pathlib import Path


def atomic_write(path: str | Path, content: bytes | str) -> None:
    """Write a file under a temporary name beside its place, then rename it.

    Args:
        path: Where to; an existing file is replaced.
        content: Bytes, or text that is written as UTF-8 with its line ends unchanged.

    Raises:
        OSError: If the file cannot be written; what was there before is still there.
    """
    path = Path(path)
    temporary = path.with_name(f'{path.name}.tmp')
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(temporary, path)
