"""The face detector as options of a command line."""

import argparse

from ..cli.arguments import existing_file
from .faces import DETECTORS, FaceDetector, build_detector


def add_face_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--detector`` and ``--face-model``."""
    parser.add_argument('--detector', choices=DETECTORS, help='default: yunet with --face-model, else cascade')
    parser.add_argument('--face-model', type=existing_file, help="YuNet's ONNX file, see docs/datasets.md")


def build_from(args: argparse.Namespace) -> FaceDetector:
    """The detector that was asked for.

    Raises:
        JobError: If it lacks its model.
    """
    return build_detector(args.detector, args.face_model)
