"""Reading lists of images: our tab-separated format and the authors' lists.

One sample per line; blank lines and lines that start with ``#`` are skipped:

* ours, tab-separated: ``<image> <0|1> [<mask>]``. A fake image needs a mask, unless masks are optional.
* the authors', separated by spaces: ``<image> <0|1>``. The mask of a fake image is found by writing ``Mask`` for
  ``Image`` in its path; where masks are optional, one without ``Image`` has none.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

LABELS = {'0': 0, '1': 1}


class ListEntry(NamedTuple):
    """One sample of a list, with paths as they are written there.

    Attributes:
        line: Line number in the list, from 1.
        image: Path of the image.
        label: 0 real, 1 fake.
        mask: Path of the mask; None for a real image without one, and a fake one whose mask nobody knows.
        derived: Whether the mask's path was derived from the image's, so that its file ending is a guess.
    """

    line: int
    image: str
    label: int
    mask: str | None
    derived: bool


def parse_list(text: str, masks_optional: bool = False) -> tuple[list[ListEntry], list[tuple[int, str]]]:
    """Parse the text of a list.

    Args:
        text: Contents of the file; line ends of Windows are fine.
        masks_optional: Whether a fake image may have no mask. Default: False.

    Returns:
        The entries, and the malformed lines as pairs of line number and reason.
    """
    entries, problems = [], []
    for number, line in enumerate(text.split('\n'), start=1):
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        try:
            entries.append(_parse_line(number, line, masks_optional))
        except ValueError as error:
            problems.append((number, str(error)))
    return entries, problems


def _parse_line(number: int, line: str, masks_optional: bool) -> ListEntry:
    tabbed = '\t' in line
    fields = [field.strip() for field in line.split('\t')] if tabbed else line.rsplit(maxsplit=1)
    if len(fields) not in (2, 3) or not fields[0]:
        raise ValueError(f'expected "<image> <0|1> [<mask>]" separated by tabs, got {line!r}')
    image, label = fields[:2]
    if label not in LABELS:
        hint = '' if tabbed else ' (separate the fields by tabs if the line also names a mask)'
        raise ValueError(f'the label must be 0 (real) or 1 (fake), got {label!r}{hint}')
    label = LABELS[label]
    if tabbed:
        mask = fields[2] if len(fields) == 3 and fields[2] else None
        if label and mask is None and not masks_optional:
            raise ValueError(f'fake image without mask: {image}')
        return ListEntry(number, image, label, mask, False)
    if not label or (masks_optional and 'Image' not in image):
        return ListEntry(number, image, label, None, False)
    if 'Image' not in image:
        raise ValueError(f'fake image without mask: no "Image" to replace by "Mask" in {image}')
    return ListEntry(number, image, label, image.replace('Image', 'Mask'), True)


class FileIndex:
    """Set of the local files that exist. One listing per folder, which is far cheaper than one query per file."""

    def __init__(self):
        self._folders: dict[str, set[str]] = {}

    def __contains__(self, path: str) -> bool:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = set(_files_in(folder or '.'))
        # The listing does not know about file systems that ignore case: ask again before calling a file missing.
        return name in self._folders[folder] or os.path.isfile(path)


def _files_in(folder: str) -> Iterator[str]:
    if os.path.isdir(folder):
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file())
