"""Image-forgery sets to our lists: CASIA v1 and v2, COVERAGE, Columbia, NIST16, IMD2020.

Example:
    python tools/dataset_converters/image_forgery.py downloads/CASIA1 data/casia1 --dataset casia1
"""

import argparse
from functools import partial

from monfap_mm.cli.arguments import split_shares
from monfap_mm.curation.annotations import find_annotations, hash_annotations
from monfap_mm.curation.cli import (
    add_link_option,
    add_mask_option,
    job_options,
    make_parser,
    mask_settings,
    refuse_nested,
    report,
    run_converter,
)
from monfap_mm.curation.image_forgery import ANNOTATIONS, DATASETS, convert, divide
from monfap_mm.curation.left_out import report_left_out
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import Task, run_job

# Table V trains on CASIA v2, and tests on the others.
DEFAULT_SHARES = {'casia2': (90, 10, 0)}
RECIPE = 3  # raise it when the same source starts to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Turn a public image-forgery set into our lists and masks.',
        'image_forgery.py downloads/CASIA1 data/casia1 --dataset casia1',
    )
    parser.add_argument('--dataset', choices=DATASETS, required=True, help='which set SRC is')
    parser.add_argument(
        '--shares',
        type=split_shares,
        metavar='TRAIN,VAL,TEST',
        help='divide so that what was made of one photograph stays together; default: 90,10,0 for casia2, else 0,0,100',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the division, default: %(default)s')
    add_link_option(parser)
    add_mask_option(parser)
    return parser.parse_args()


def main() -> int:
    """Convert; returns the exit code."""
    args = parse_args()
    refuse_nested(args.dst, args.src)
    samples = list(DATASETS[args.dataset](args.src))
    if not samples:
        raise JobError(f'{args.src} holds no image in the layout of {args.dataset}: see docs/datasets.md.')
    missing = {'real', 'forged'} - {'forged' if sample.label else 'real' for sample in samples}
    if missing:
        raise JobError(f'{args.src} holds no {missing.pop()} image of {args.dataset}: is it another --dataset?')
    settings = dict(converter=args.dataset, recipe=RECIPE, link=args.link, max_pixels=args.max_pixels)
    shares = args.shares or DEFAULT_SHARES.get(args.dataset, (0, 0, 100))
    splits = divide(samples, shares, args.seed)
    # The number of images is a setting, for a division depends on all of them.
    settings.update(shares=shares, seed=args.seed, images=len(samples), **mask_settings(args.mask_values))
    if args.dataset in ANNOTATIONS:
        settings.update(hash_annotations([find_annotations(args.src, ANNOTATIONS[args.dataset])]))
    options = dict(link=args.link, max_pixels=args.max_pixels, mask_values=args.mask_values)
    work = partial(convert, src=args.src, splits=splits, **options)
    tasks = [Task(sample.image, sample) for sample in samples]
    summary = run_job(tasks, work, args.dst, settings=settings, **job_options(args))
    report_left_out(args.src)
    return report(summary, args, labels=(0, 1))


if __name__ == '__main__':
    run_converter('image_forgery', main)
