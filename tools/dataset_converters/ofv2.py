"""OFV2 (Sec. IV-A): OpenForensics, and genuine images with two faces or more from Open Images.

Example:
    python tools/dataset_converters/ofv2.py downloads/OpenForensics data/ofv2 --open-images downloads/open-images
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from monfap_mm.cli.arguments import existing_file, existing_folder
from monfap_mm.curation import genuine, openforensics
from monfap_mm.curation.annotations import hash_annotations
from monfap_mm.curation.cli import add_link_option, job_options, make_parser, refuse_nested, report, run_converter
from monfap_mm.curation.faces_cli import add_face_options, build_from
from monfap_mm.curation.left_out import report_left_out
from monfap_mm.jobs.job import Outcome, Task, run_job

RECIPE = 3  # raise it when the same source starts to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Make OFV2: OpenForensics, and genuine images in which a detector finds two or more faces, split as in Table I',
        'ofv2.py downloads/OpenForensics data/ofv2 --open-images downloads/open-images',
    )
    parser.add_argument('--open-images', type=existing_folder, required=True, help='folder with genuine images')
    parser.add_argument('--exclude', type=existing_file, help='list of genuine images to leave out, one name per line')
    add_face_options(parser)
    parser.add_argument('--seed', type=int, default=0, help='seed of the split of genuine images, default: %(default)s')
    add_link_option(parser)
    return parser.parse_args()


def convert(task: Task, dst: Path, *, forged: partial, real: partial) -> Outcome:
    """Hand a task to the converter that listed it."""
    return (real if genuine.owns(task) else forged)(task, dst)


def main() -> int:
    """Convert; returns the exit code."""
    args = parse_args()
    refuse_nested(args.dst, args.src, args.open_images)
    detector = build_from(args)
    files, genuine_tasks = openforensics.annotation_files(args.src), genuine.list_tasks(args.open_images)
    for name in openforensics.missing_files(files):
        print(f'ofv2: there is no {name}: going on without it', file=sys.stderr)
    excluded = set()
    if args.exclude:
        excluded, unknown = genuine.read_exclusions(args.exclude, genuine_tasks)
        print(f'{len(excluded)} images excluded; {unknown} lines of {args.exclude} name no image')
    common = dict(link=args.link, max_pixels=args.max_pixels)
    work = partial(
        convert,
        forged=partial(openforensics.convert, src=args.src, **common),
        real=partial(genuine.convert, src=args.open_images, detect=detector.detect, seed=args.seed, **common),
    )
    settings = dict(converter='ofv2', recipe=RECIPE, seed=args.seed, detector=detector.describe(), **common)
    settings.update(hash_annotations(files.values()))
    tasks = [*openforensics.list_tasks(files), *genuine_tasks]
    options = dict(settings=settings, unit='items', unlisted=excluded, **job_options(args))
    summary = run_job(tasks, work, args.dst, **options)
    report_left_out(args.open_images)
    return report(summary, args)


if __name__ == '__main__':
    run_converter('ofv2', main)
