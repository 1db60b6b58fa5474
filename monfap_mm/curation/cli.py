"""What the converters' command lines share: options, and the report at the end."""

import argparse
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from ..cli.arguments import existing_file, existing_folder, positive_number, shard, share
from ..cli.command import run_command
from ..cli.exit_codes import DONE, FAILED, INTERRUPTED, NOT_STARTED, NOT_WRITTEN
from ..jobs.errors import JobError
from ..jobs.job import Summary
from ..jobs.output_files import LINKS
from ..media.limits import MAX_PIXELS_OF_SETS
from ..media.masks import DEFAULT_MASK_VALUES, MASK_VALUES
from ..structures import CLASSES


def make_parser(description: str, example: str, from_list: bool = False) -> argparse.ArgumentParser:
    """A parser with ``SRC``, ``DST`` and the options that every converter has.

    Args:
        description: What the converter does.
        example: A command to show.
        from_list: Whether the source is one of our lists rather than a folder.
    """
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f'Example: {example}. Exit code: {DONE} done, {FAILED} too many bad items (what was done is kept) or no '
        f'samples, {NOT_STARTED} cannot start, {NOT_WRITTEN} stopped by a full disk and {INTERRUPTED} by Ctrl-C: then '
        'the same command goes on.',
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
        '--max-bad', type=share, default=0.01, help='largest share of broken items, 0 to 1, default: %(default)s'
    )
    parser.add_argument(
        '--max-pixels',
        type=positive_number,
        default=MAX_PIXELS_OF_SETS,
        help='refuse larger images, default: %(default)s',
    )
    parser.add_argument(
        '--shard',
        type=shard,
        metavar='I/N',
        help='make part I of N, to be joined by merge.py; auto: as Slurm, torchrun or MPI says',
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


def add_mask_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--mask-values``, for commands that read masks."""
    parser.add_argument(
        '--mask-values',
        choices=MASK_VALUES,
        default=DEFAULT_MASK_VALUES,
        help='which values of a mask are marked: nonzero for masks of 0 and 1 or of dark colors, default: %(default)s',
    )


def mask_settings(mask_values: str) -> dict:
    """The setting of a job for ``--mask-values``; none for the default, which sets made before it existed have."""
    return {} if mask_values == DEFAULT_MASK_VALUES else {'mask_values': mask_values}


def job_options(args: argparse.Namespace) -> dict:
    """The parsed options that :func:`run_job` takes."""
    return dict(workers=args.workers, max_bad=args.max_bad, shard=args.shard)


def refuse_nested(dst: Path, *sources: Path) -> None:
    """Refuse to write into a source, which would then be read as a part of it.

    Raises:
        JobError: If ``dst`` is one of the sources or lies in it.
    """
    for src in sources:
        if dst.resolve().is_relative_to(src.resolve()):
            raise JobError(f'{dst} lies in the source {src}, which must stay as it is: choose a folder outside.')


def run_converter(name: str, main: Callable[[], int]) -> None:
    """Run a converter as a command, which ends the process with its exit code; see :func:`run_command`."""
    run_command(name, main, after_stop='the same command goes on from here')


def report(summary: Summary, args: argparse.Namespace, labels: Collection[int] = ()) -> int:
    """Print what a job did.

    Args:
        summary: From :func:`run_job`.
        args: The parsed options of :func:`make_parser`.
        labels: Labels that the set must have samples of.

    Returns:
        The exit code: a set without samples, or without those of a label, is unfit; a shard of one may lack them.
    """
    if args.shard is None or summary.too_many_bad:
        return report_set(summary, args.dst, args.max_bad, labels)
    print(summary.format())
    print(f'Shard {args.shard} is in {args.shard.folder(args.dst)}; when all are there: merge.py {args.dst}')
    return DONE


def report_set(summary: Summary, dst: Path, max_bad: float, labels: Collection[int] = ()) -> int:
    """Print what a whole set is made of; returns the exit code, see :func:`report`."""
    print(summary.format())
    present = {label for (_, label), count in summary.samples.items() if count}
    if summary.too_many_bad:
        reason = (
            f'Gave up: more than {max_bad:.2%} of the {summary.unit} are bad. What was done is kept, but no list is '
            'written of it; put the source right, or raise --max-bad, and run the same command again.'
        )
    elif not present:
        reason = f'Nothing came out of the {summary.total} {summary.unit}: is the source what this converter is for?'
    elif not present.issuperset(labels):
        reason = f'The set has no {" and no ".join(CLASSES[label] for label in labels if label not in present)} image.'
    else:
        print(f'The set is in {dst}')
        return DONE
    print(reason, file=sys.stderr)
    return FAILED
