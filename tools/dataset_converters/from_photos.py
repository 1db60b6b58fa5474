"""One's own photographs to a multi-face forgery set, with masks: splice, swap, self-blend, blend, Poisson, inpaint.

Example:
    python tools/dataset_converters/from_photos.py photos data/mine --size 512 --fakes-per-photo 2
"""

import argparse

from monfap_mm.cli.arguments import existing_file, positive_number
from monfap_mm.curation.cli import job_options, make_parser, refuse_nested, report, run_converter
from monfap_mm.curation.faces_cli import add_face_options, build_from
from monfap_mm.curation.left_out import report_left_out
from monfap_mm.curation.photos import DetectedFaces, GivenFaces, PhotoForger, Recipe, describe_photos, list_tasks
from monfap_mm.forging import KINDS
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import run_job

RECIPE = 2  # raise it when the same photographs start to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Make a multi-face forgery set of photographs: each with two or more faces gives a real and forged pictures.',
        'from_photos.py photos data/mine --size 512 --fakes-per-photo 2',
    )
    parser.add_argument('--boxes', type=existing_file, help='JSON: file name -> [[x1, y1, x2, y2], ...]; no detector')
    add_face_options(parser)
    parser.add_argument(
        '--kinds', nargs='+', choices=KINDS, default=KINDS, metavar='KIND', help=f'default: {" ".join(KINDS)}'
    )
    parser.add_argument(
        '--fakes-per-photo', type=positive_number, default=Recipe.fakes, help='forged pictures, default: %(default)s'
    )
    parser.add_argument('--size', type=positive_number, help='longest side in pixels, default: as it is')
    parser.add_argument(
        '--min-face',
        type=positive_number,
        default=Recipe.min_face,
        help='shorter side in pixels from which a face is forged, default: %(default)s',
    )
    parser.add_argument(
        '--shares',
        type=float,
        nargs=3,
        default=Recipe.shares,
        metavar=('TRAIN', 'VAL', 'TEST'),
        help='shares of the photographs, default: %(default)s',
    )
    parser.add_argument('--seed', type=int, default=Recipe.seed, help='default: %(default)s')
    return parser.parse_args()


def build_recipe(args: argparse.Namespace) -> Recipe:
    """What the options ask for.

    Raises:
        JobError: If they do not fit together.
    """
    if args.boxes and (args.detector or args.face_model):
        raise JobError('Give either --boxes or a detector, not both.')
    return Recipe(
        faces=GivenFaces.load(args.boxes) if args.boxes else DetectedFaces(build_from(args)),
        kinds=tuple(args.kinds),
        fakes=args.fakes_per_photo,
        seed=args.seed,
        size=args.size,
        min_face=args.min_face,
        shares=tuple(args.shares),
        max_pixels=args.max_pixels,
    )


def main() -> int:
    """Convert; returns the exit code."""
    args = parse_args()
    refuse_nested(args.dst, args.src)
    recipe = build_recipe(args)
    tasks = list_tasks(args.src, recipe)
    if args.boxes:
        recipe.faces.refuse_others([task.key for task in tasks])
    settings = dict(converter='from_photos', version=RECIPE, photos=describe_photos(tasks), **recipe.describe())
    work = PhotoForger.of(args.src, recipe, tasks)
    summary = run_job(tasks, work, args.dst, settings=settings, unit='photographs', **job_options(args))
    report_left_out(args.src)
    return report(summary, args)


if __name__ == '__main__':
    run_converter('from_photos', main)
