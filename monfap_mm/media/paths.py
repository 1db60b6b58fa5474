"""Names that come from others: which source file is meant, and what the written file is called."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from .errors import BadInput

# File systems allow 255 bytes; this leaves room for endings such as '_mask.png'.
_MAX_NAME_BYTES = 200


def safe_join(root: str | Path, name: str) -> Path:
    """The regular file that a name in an annotation means.

    Args:
        root: Folder that the file must lie in.
        name: Path below ``root``, separated by slashes, as the annotation has it.

    Returns:
        Path of an existing regular file, links followed. Where there is none of that name, the only one whose name
        differs in nothing but letter case: sets that were made on Windows mix cases.

    Raises:
        BadInput: If the name is empty, absolute, contains ``..`` or a NUL, leads out of ``root`` by a symbolic link, or
            means no regular file.
    """
    if not isinstance(name, str) or not name or '\0' in name:
        raise BadInput(f'{name!r} is no file name')
    relative = PurePosixPath(name)
    if relative.is_absolute() or '..' in relative.parts:
        raise BadInput(f'{name!r} leads out of the source folder')
    root = Path(root).resolve()
    try:
        path = (root / as_written(root, relative)).resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f'{name!r}: {_reason(error)}') from error
    if not path.is_relative_to(root):
        raise BadInput(f'{name!r} is a link that leads out of the source folder')
    # A pipe or a device would block the reader.
    if not stat.S_ISREG(mode):
        raise BadInput(f'{name!r} is not a regular file')
    return path


def as_written(root: Path, relative: PurePosixPath) -> PurePosixPath:
    """A path below a folder as it is written there, whatever its letter case; unchanged if that is not clear."""
    if os.path.lexists(root / relative):
        return relative
    found = PurePosixPath()
    for part in relative.parts:
        folder = root / found
        found /= part if os.path.lexists(folder / part) else find_alike(part, _names_in(folder)) or part
    return found


def _names_in(folder: Path) -> dict[str, list[str]]:
    try:
        return _list_names(folder, folder.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=16)
def _list_names(folder: Path, changed: int) -> dict[str, list[str]]:
    """The names in a folder, listed anew only when it has changed."""
    return by_letters(os.listdir(folder))


def by_letters(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by their letters without case, for :func:`find_alike`."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.casefold(), []).append(name)
    return found


def find_alike(name: str, names: dict[str, list[str]]) -> str | None:
    """The name itself if it is among some, or the only one that differs in nothing but letter case; else None."""
    alike = names.get(name.casefold(), [])
    return name if name in alike else alike[0] if len(alike) == 1 else None


def find_partners(wanted: Mapping[str, str], names: Iterable[str]) -> dict[str, str | None]:
    """What belongs to each of some things: the name that it wants, or one that differs in nothing but letter case.

    Args:
        wanted: For each thing, the name that should belong to it.
        names: The names that there are.

    Returns:
        For each thing, its name; None if there is none, or it is not clear which of several belong together.
    """
    own, others = by_letters(set(wanted.values())), by_letters(names)
    found = {thing: find_alike(name, others) for thing, name in wanted.items()}
    return {
        thing: name if name is not None and find_alike(name, own) == wanted[thing] else None
        for thing, name in found.items()
    }


def _reason(error: Exception) -> str:
    return 'no such file' if isinstance(error, FileNotFoundError) else getattr(error, 'strerror', None) or str(error)


def safe_name(name: str) -> str:
    """A source path as it can stand in a list: different for different paths, and readable.

    Percent signs, control and other unprintable characters (tabs and line breaks among them), undecodable bytes, and
    spaces at the ends of a part are percent-encoded. Parts of more than 200 bytes are cut, with a hash at their end.

    Args:
        name: Relative path, separated by slashes, without ``..``.

    Returns:
        The encoded path, with the same number of parts and the same file ending.
    """
    return '/'.join(_safe_part(part) for part in PurePosixPath(name).parts)


def _safe_part(part: str) -> str:
    inner = part.strip(' ')
    left = len(part) - len(part.lstrip(' '))
    encoded = '%20' * left + ''.join(map(_safe_char, inner)) + '%20' * (len(part) - len(inner) - left)
    if len(encoded.encode()) <= _MAX_NAME_BYTES:
        return encoded
    digest, ending = hashlib.sha256(_to_bytes(part)).hexdigest()[:16], PurePosixPath(encoded).suffix[:16]
    # '%~' never comes out of the encoding, so a cut name cannot meet another file's name.
    return f'{encoded.encode()[: _MAX_NAME_BYTES - 40].decode(errors="ignore")}%~{digest}{ending}'


def _safe_char(char: str) -> str:
    return char if char.isprintable() and char != '%' else quote(_to_bytes(char), safe='')


def _to_bytes(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        # Half of a surrogate pair, as JSON can hold it: no file is called so, but it is shown in messages.
        return name.encode('utf-8', 'surrogatepass')
