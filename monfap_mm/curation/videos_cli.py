"""What the command lines of the video converters share."""

import argparse
from functools import partial
from types import ModuleType

from ..cli.arguments import whole_number
from ..jobs.job import run_job
from ..media.endings import VIDEO_ENDINGS
from .cli import job_options, make_parser, refuse_nested, report
from .faces_cli import add_face_options, build_from
from .left_out import report_left_out
from .videos_sampling import Sampling


def convert_videos(converter: ModuleType, description: str, example: str, recipe: int) -> int:
    """Run the converter of a video set as a command.

    Args:
        converter: Module with ``list_tasks(src)`` and ``convert(task, dst, *, src, sampling)``; its name is the set's.
        description: What the command does.
        example: A command to show.
        recipe: Number that is raised when the same source starts to give another set.

    Returns:
        The exit code.

    Raises:
        JobError: If it cannot run.
    """
    parser = make_parser(description, example)
    add_sampling_options(parser)
    args = parser.parse_args()
    refuse_nested(args.dst, args.src)
    sampling = Sampling(build_from(args), args.frames, args.candidates, args.jpeg_quality, args.max_pixels)
    name = converter.__name__.rpartition('.')[2]
    settings = dict(converter=name, recipe=recipe, **sampling.describe())
    work = partial(converter.convert, src=args.src, sampling=sampling)
    tasks = converter.list_tasks(args.src)
    summary = run_job(tasks, work, args.dst, settings=settings, unit='videos', **job_options(args))
    report_left_out(args.src, VIDEO_ENDINGS)
    return report(summary, args)


def add_sampling_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--frames``, ``--candidates``, ``--jpeg-quality`` and the options of the face detector."""
    add_face_options(parser)
    parser.add_argument(
        '--frames',
        type=whole_number(1, 10_000),
        default=Sampling.frames,
        help='most frames per video, default: %(default)s',
    )
    parser.add_argument(
        '--candidates',
        type=whole_number(1, 10_000),
        default=Sampling.candidates,
        help='frames of a video in which faces are counted, default: %(default)s',
    )
    parser.add_argument(
        '--jpeg-quality',
        type=whole_number(1, 100),
        help='write JPEG of this quality, default: PNG, which loses nothing',
    )
