"""What a source folder holds that a converter does not take."""

from pathlib import Path

from ..media.endings import IMAGE_ENDINGS
from ..media.folders import LeftOut, find_files
from ..utils.printable import printable


def report_left_out(src: Path, endings: frozenset[str] = IMAGE_ENDINGS) -> None:
    """Print how many files of other kinds a source has, and which of its folders are not listed.

    Args:
        src: The source folder.
        endings: Endings of the files that are taken.
    """
    left_out = LeftOut()
    for _ in find_files(src, endings, left_out):
        pass
    if text := left_out.describe():
        print(printable(f'{src}: {text}'))
