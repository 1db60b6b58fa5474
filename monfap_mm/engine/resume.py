"""Which checkpoint a training goes on from."""

import logging
import os
import re
from pathlib import Path

from mmengine.logging import print_log

from ..jobs.errors import JobError
from ..model_files.loading import read_checkpoint


class ResumeError(JobError):
    """Training cannot go on from where it was; the message says why, and what to do."""


def find_resumable(work_dir: str, template: str) -> str | None:
    """The latest checkpoint of a work dir that can be read.

    That is the one that ``last_checkpoint`` names, or, where that one is gone or damaged, the latest before it. Each
    that is passed over is named in a line of the log.

    Args:
        work_dir: Folder of a training.
        template: Names of its checkpoints, 'epoch_{}.pth' or 'iter_{}.pth'.

    Returns:
        The checkpoint, or None if there is none at all.

    Raises:
        ResumeError: If there are checkpoints, but none can be read: they may be worth a look before they are replaced.
    """
    folder = Path(work_dir)
    record = folder / 'last_checkpoint'
    # A power cut can leave zeros or other bytes in it: then it names no file, and the latest checkpoint counts.
    last = record.read_text(encoding='utf-8', errors='replace').strip('\0 \n\r\t') if record.is_file() else ''
    if '://' in last:
        return last
    refused = []
    for path in _candidates(folder, last, template):
        try:
            read_checkpoint(str(path))
        except (OSError, ValueError) as error:
            refused.append(str(path))
            print_log(f'--resume passes over a checkpoint: {error}', logger='current', level=logging.WARNING)
            continue
        return str(path)
    if refused:
        raise ResumeError(
            f'--resume: no checkpoint in {work_dir} can be read ({", ".join(refused)}). To start from the beginning, '
            'move them away, or train without --resume.'
        )
    return None


def _candidates(folder: Path, last: str, template: str) -> list[Path]:
    """The checkpoint that was named the last, then those before it, latest first."""
    pattern = re.compile(re.escape(template).replace(r'\{\}', r'(\d+)'))
    steps = {path: int(match[1]) for path in folder.glob('*') if (match := pattern.fullmatch(path.name))}
    latest_first = sorted(steps, key=steps.get, reverse=True)
    if not last:
        return latest_first
    named = pattern.fullmatch(Path(last).name)
    # Later ones beside the named one may be left from an earlier training in the same folder.
    before = [path for path in latest_first if not named or steps[path] <= int(named[1])]
    if os.path.exists(last):  # which takes names that no file can have
        return [Path(last), *(path for path in before if not path.samefile(last))]
    # The folder has been moved, or the training was started elsewhere.
    return before
