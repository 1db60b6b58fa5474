"""Where a figure comes from: hashes of the data that made it."""

import threading
from pathlib import Path

from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

from ..utils.provenance import hash_file, hash_text

# MMEngine's default scope and yapf, by which it writes configs, are not made for several threads.
CONFIG_LOCK = threading.Lock()


class NotThereError(Exception):
    """What is needed is not on this machine; the message says what."""


def hash_lists(*datasets: dict) -> str:
    """Short SHA-256 of the lists of datasets.

    Args:
        *datasets: Their configs.

    Raises:
        NotThereError: If a list is missing.
    """
    paths = []
    for dataset in datasets:
        with DefaultScope.overwrite_default_scope('mmseg'):
            paths += map(Path, DATASETS.build({**dataset, 'lazy_init': True}).list_files())
    for path in paths:
        if not path.is_file():
            raise NotThereError(f'no data {path}')
    return hash_text(' '.join(map(hash_file, paths)))
