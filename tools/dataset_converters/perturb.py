"""Write a perturbed copy of a set: images, masks, list, and a manifest of what was applied.

Example:
    python tools/dataset_converters/perturb.py data/ofv2/test.txt data/ofv2_perturbed

The copy serves as ``data_root`` of a dataset. The images are PNG files: what is read is what was applied.
"""

import argparse
from functools import partial

from monfap_mm.curation.cli import add_mask_option, job_options, make_parser, mask_settings, report, run_converter
from monfap_mm.curation.perturbed import convert, describe, list_tasks
from monfap_mm.datasets.perturbations import PERTURBATIONS, Perturber
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import run_job

RECIPE = 1  # raise it when the same source starts to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Write a perturbed copy of a set of images.',
        'perturb.py data/ofv2/test.txt data/ofv2_perturbed',
        from_list=True,
    )
    parser.add_argument(
        '--families',
        nargs='+',
        metavar='NAME',
        help=f'families ({", ".join(PERTURBATIONS)}) or single perturbations to draw from; default: all',
    )
    parser.add_argument(
        '--severity', nargs='+', type=int, default=[1, 5], metavar='N', help='severity or range, default: 1 5'
    )
    parser.add_argument(
        '--num', nargs='+', type=int, default=[1, 3], metavar='N', help='number of families or range, default: 1 3'
    )
    parser.add_argument('--seed', type=int, default=0, help='default: %(default)s')
    add_mask_option(parser)
    return parser.parse_args()


def as_range(values: list[int]) -> tuple[int, ...]:
    """The range that one or two numbers of the command line stand for; more are refused by ``Perturber``."""
    return tuple(values * 2 if len(values) == 1 else values)


def build_perturber(**asked) -> Perturber:
    """Build it, with an error for people.

    Raises:
        JobError: If an argument is wrong, or albumentations is not installed.
    """
    try:
        return Perturber(**asked)
    except (ImportError, ValueError) as error:
        raise JobError(str(error)) from error


def main() -> int:
    """Write the copy; returns the exit code."""
    args = parse_args()
    # Told here, since the job would advise to delete a folder that holds another set.
    if args.src.parent.resolve().is_relative_to(args.dst.resolve()):
        raise JobError(f'{args.dst} holds the source: the copy needs a folder of its own.')
    asked = dict(families=args.families, severity=as_range(args.severity), num=as_range(args.num), seed=args.seed)
    perturber, tasks = build_perturber(**asked), list_tasks(args.src, args.mask_values)
    settings = dict(converter='perturb', recipe=RECIPE, max_pixels=args.max_pixels, **asked)
    settings.update(describe(args.src, perturber), **mask_settings(args.mask_values))
    work = partial(convert, split=args.src.stem, perturber=perturber, max_pixels=args.max_pixels)
    summary = run_job(tasks, work, args.dst, settings=settings, **job_options(args))
    return report(summary, args)


if __name__ == '__main__':
    run_converter('perturb', main)
