"""Manual-Fake to our lists: at most ten frames per video that show two or more faces, with masks; one list per network.

Example:
    python tools/dataset_converters/manual_fake.py downloads/ManualFake data/manual_fake --face-model yunet.onnx
"""

from monfap_mm.curation import manual_fake
from monfap_mm.curation.cli import run_converter
from monfap_mm.curation.videos_cli import convert_videos

RECIPE = 2  # raise it when the same source starts to give another set


def main() -> int:
    """Convert; returns the exit code."""
    return convert_videos(
        manual_fake,
        'Make a multi-face forgery set of the videos of Manual-Fake, with masks; one list per network.',
        'manual_fake.py downloads/ManualFake data/manual_fake --face-model yunet.onnx',
        RECIPE,
    )


if __name__ == '__main__':
    run_converter('manual_fake', main)
