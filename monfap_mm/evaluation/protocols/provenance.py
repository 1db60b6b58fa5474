"""Where a figure comes from: hashes of what made it, and versions."""

import hashlib
import platform
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

PACKAGES = (
    'monfap_mm',
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmsegmentation',
    'mmpretrain',
    'numpy',
    'opencv-python',
    'scikit-learn',
    'albumentations',
)

# MMEngine's default scope and yapf, by which it writes configs, are not made for several threads.
CONFIG_LOCK = threading.Lock()


def hash_text(text: str) -> str:
    """Short SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_file(path: str | Path) -> str:
    """Short SHA-256 of a file of any size."""
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


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


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that are installed."""
    found = {'python': platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # mmcv or mmcv-lite is one of the two; albumentations is an extra
            continue
    return found
