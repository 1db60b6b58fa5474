"""What the converters' command lines share: options, exit codes, and errors as messages."""

import argparse
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from ..jobs.errors import JobError
from ..jobs.job import Summary
from ..jobs.output_files import LINKS
from ..media.headers import MAX_PIXELS

EXIT_FINE, EXIT_UNFIT, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
_LABELS = ('real', 'fake')


def make_parser(description: str, example: str, from_list: bool = False) -> argparse.ArgumentParser:
    """A parser with ``SRC``, ``DST`` and the options that every converter has.

    Args:
        description: What the converter does.
        example: A command to show.
        from_list: Whether the source is one of our lists rather than a folder.
    """
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f'Example: {example}. Exit code: {EXIT_FINE} done, {EXIT_UNFIT} too many bad items (what was done is '
        f'kept) or no samples, {EXIT_USAGE} cannot run, {EXIT_INTERRUPTED} interrupted: the same command goes on.',
    )
    if from_list:
        parser.add_argument('src', metavar='LIST', type=existing_file, help='list of a set, which is not changed')
    else:
        parser.add_argument('src', metavar='SRC', type=existing_folder, help='the set as downloaded; it is not changed')
    parser.add_argument('dst', metavar='DST', type=Path, help='where to write images, masks, lists and manifest.jsonl')
    parser.add_argument(
        '--workers',
        type=positive_number,
        default=os.cpu_count(),
        help='processes, default: all cores',
    )
    parser.add_argument(
        '--max-bad', type=_share, default=0.01, help='largest share of broken items, 0 to 1, default: %(default)s'
    )
    parser.add_argument(
        '--max-pixels', type=positive_number, default=MAX_PIXELS, help='refuse larger images, default: %(default)s'
    )
    return parser


def add_link_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--link``, for converters that keep images as they are."""
    parser.add_argument(
        '--link',
        choices=LINKS,
        default='copy',
        help='how DST gets the images, default: %(default)s',
    )


def existing_folder(text: str) -> Path:
    """Type of an argument: a folder that exists."""
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f'there is no folder {text}')
    return Path(text)


def existing_file(text: str) -> Path:
    """Type of an argument: a file that exists."""
    if not os.path.isfile(text):
        raise argparse.ArgumentTypeError(f'there is no file {text}')
    return Path(text)


def positive_number(text: str) -> int:
    """Type of an argument: a whole number above 0."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f'must be a whole number above 0, got {text}')
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f'must be a share from 0 to 1, got {text}')
    return share


def job_options(args: argparse.Namespace) -> dict:
    """The parsed options that :func:`run_job` takes."""
    return dict(workers=args.workers, max_bad=args.max_bad)


def refuse_nested(dst: Path, *sources: Path) -> None:
    """Refuse to write into a source, which would then be read as a part of it.

    Raises:
        JobError: If ``dst`` is one of the sources or lies in it.
    """
    for src in sources:
        if dst.resolve().is_relative_to(src.resolve()):
            raise JobError(f'{dst} lies in the source {src}, which must stay as it is: choose a folder outside.')


def run_command(name: str, command: Callable[[], int]) -> None:
    """Run a command and exit, with a message in place of a traceback for what a user can set right.

    Args:
        name: Name of the tool, put before messages.
        command: Returns the exit code.
    """
    # Names of files may hold bytes that are no text.
    sys.stdout.reconfigure(errors='backslashreplace')
    try:
        code = command()
    except JobError as error:
        print(f'{name}: {error}', file=sys.stderr)
        code = EXIT_USAGE
    except KeyboardInterrupt:
        print(f'\n{name}: interrupted; the same command goes on from here', file=sys.stderr)
        code = EXIT_INTERRUPTED
    sys.exit(code)


def report(summary: Summary, dst: Path, max_bad: float, labels: Collection[int] = ()) -> int:
    """Print what a job did.

    Args:
        summary: From :func:`run_job`.
        dst: Folder of the set.
        max_bad: Largest share of bad items, 0 to 1.
        labels: Labels that the set must have samples of.

    Returns:
        The exit code: a set without samples, or without those of a label, is unfit.
    """
    print(summary.format())
    there = {label for (_, label), count in summary.samples.items() if count}
    if summary.too_many_bad:
        reason = (
            f'Gave up: more than {max_bad:.2%} of the {summary.unit} are bad. What was done is kept; put the source '
            'right, or raise --max-bad, and run the same command again.'
        )
    elif not there:
        reason = f'Nothing came out of the {summary.total} {summary.unit}: is the source what this converter is for?'
    elif not there.issuperset(labels):
        reason = f'The set has no {" and no ".join(_LABELS[label] for label in labels if label not in there)} image.'
    else:
        print(f'The set is in {dst}')
        return EXIT_FINE
    print(reason, file=sys.stderr)
    return EXIT_UNFIT
