"""OpenForensics to our lists: union masks of the forged faces; images without one are real.

Example:
    python tools/dataset_converters/openforensics.py downloads/OpenForensics data/openforensics
"""

import argparse
import sys
from functools import partial

from monfap_mm.curation import openforensics
from monfap_mm.curation.annotations import hash_annotations
from monfap_mm.curation.cli import add_link_option, job_options, make_parser, refuse_nested, report, run_converter
from monfap_mm.jobs.job import run_job

RECIPE = 3  # raise it when the same source starts to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Make a multi-face forgery set of OpenForensics (COCO annotations, polygons or run lengths).',
        'openforensics.py downloads/OpenForensics data/openforensics',
    )
    add_link_option(parser)
    return parser.parse_args()


def main() -> int:
    """Convert; returns the exit code."""
    args = parse_args()
    refuse_nested(args.dst, args.src)
    files = openforensics.annotation_files(args.src)
    for name in openforensics.missing_files(files):
        print(f'openforensics: there is no {name}: going on without it', file=sys.stderr)
    work = partial(openforensics.convert, src=args.src, link=args.link, max_pixels=args.max_pixels)
    settings = dict(converter='openforensics', recipe=RECIPE, link=args.link, max_pixels=args.max_pixels)
    settings.update(hash_annotations(files.values()))
    tasks = openforensics.list_tasks(files)
    summary = run_job(tasks, work, args.dst, settings=settings, unit='items', **job_options(args))
    return report(summary, args)


if __name__ == '__main__':
    run_converter('openforensics', main)
