"""Image-forgery sets, each in its own public layout, into ours."""

from collections.abc import Callable, Iterator
from pathlib import Path

from .casia import list_casia1, list_casia2
from .columbia import list_columbia
from .coverage import list_coverage
from .imd2020 import list_imd2020
from .nist16 import REFERENCE, list_nist16
from .sample import Sample, convert
from .splits import divide

DATASETS: dict[str, Callable[[Path], Iterator[Sample]]] = {
    'casia1': list_casia1,
    'casia2': list_casia2,
    'coverage': list_coverage,
    'columbia': list_columbia,
    'nist16': list_nist16,
    'imd2020': list_imd2020,
}

# Annotation files that samples depend on besides their images and masks.
ANNOTATIONS = {'nist16': REFERENCE}

__all__ = ['ANNOTATIONS', 'DATASETS', 'Sample', 'convert', 'divide']
