"""Where a figure comes from: hashes of what made it, and versions."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    'monfap_mm',
    'monfap_mm-lite',
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmsegmentation',
    'mmpretrain',
    'numpy',
    'opencv-python',
    'opencv-python-headless',
    'scikit-learn',
    'albumentations',
    'onnxruntime',
    'onnxruntime-gpu',
)


def hash_text(text: str) -> str:
    """Short SHA-256 of a text."""
    return hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]


def hash_file(path: str | Path) -> str:
    """Short SHA-256 of a file of any size."""
    return file_sha256(path)[:16]


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that are installed."""
    found = {'python': platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # only one of several distributions of the same thing, and not every extra
            continue
    return found
