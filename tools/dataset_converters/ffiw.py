"""FFIW-10K to our lists: at most ten frames per video that show two or more faces, with masks and genuine twins.

Example:
    python tools/dataset_converters/ffiw.py downloads/FFIW data/ffiw --face-model yunet.onnx
"""

from monfap_mm.curation import ffiw
from monfap_mm.curation.cli import run_converter
from monfap_mm.curation.videos_cli import convert_videos

RECIPE = 2  # raise it when the same source starts to give another set


def main() -> int:
    """Convert; returns the exit code."""
    return convert_videos(
        ffiw,
        'Make a multi-face forgery set of the videos of FFIW-10K, with masks and genuine twins.',
        'ffiw.py downloads/FFIW data/ffiw --face-model yunet.onnx',
        RECIPE,
    )


if __name__ == '__main__':
    run_converter('ffiw', main)
