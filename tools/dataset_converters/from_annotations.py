"""Pictures annotated with LabelMe, CVAT, Label Studio, Roboflow... to our lists: by LabelMe's JSON, COCO's, or masks.

Example:
    python tools/dataset_converters/from_annotations.py photos data/own --format labelme --fake forged --real genuine
"""

import argparse
import hashlib
from functools import partial
from pathlib import Path, PurePosixPath

from monfap_mm.cli.arguments import split_shares
from monfap_mm.curation import own_data
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
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import Task, run_job
from monfap_mm.media.folders import find_files
from monfap_mm.utils.provenance import file_sha256

FORMATS = ('labelme', 'coco', 'masks', 'none')
RECIPE = 1  # raise it when the same source starts to give another set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Make a set of pictures of your own, with what is forged in them marked by a tool for annotation.',
        'from_annotations.py photos data/own --format labelme --fake forged',
    )
    parser.add_argument(
        '--format', choices=FORMATS, required=True, help="LabelMe's JSON, COCO's JSON, mask files, or nothing is marked"
    )
    parser.add_argument(
        '--fake', nargs='+', default=['fake'], metavar='LABEL', help='labels of forged regions; default: fake'
    )
    parser.add_argument(
        '--real', nargs='*', default=['real'], metavar='LABEL', help='labels that mark nothing forged; default: real'
    )
    parser.add_argument('--masks', default='masks', metavar='FOLDER', help='masks lie in this folder of SRC')
    parser.add_argument(
        '--fake-folder',
        metavar='FOLDER',
        help='all pictures in this folder of SRC are fake; one in which nothing is marked gets no mask',
    )
    parser.add_argument(
        '--unannotated-is-real', action='store_true', help='take pictures without annotation too: as real ones'
    )
    parser.add_argument(
        '--shares', type=split_shares, default=(80, 10, 10), metavar='TRAIN,VAL,TEST', help='default: 80,10,10'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the division, default: %(default)s')
    parser.add_argument(
        '--keep-folders', action='store_true', help='never divide a folder: pictures of one photograph, or of one video'
    )
    add_link_option(parser)
    add_mask_option(parser)
    return parser.parse_args()


def list_tasks(args: argparse.Namespace) -> tuple[list[Task], int]:
    """The tasks, and the number of pictures without annotation that are left out.

    Raises:
        JobError: If there is nothing to convert, or the annotations cannot be read.
    """
    fake, real = ([label.lower() for label in labels] for labels in (args.fake, args.real))
    pictures, strays = list(find_files(args.src)), []
    if args.format == 'masks':
        masks = [path for path in pictures if PurePosixPath(path).is_relative_to(args.masks)]
        pictures = sorted(set(pictures) - set(masks))
        tasks = own_data.list_masked(pictures, masks)
    elif args.format == 'none':
        tasks = []
    else:
        if args.format == 'coco':
            images, strays = own_data.find_coco(args.src, fake, real)
        else:
            images = own_data.find_labelme(args.src, fake, real, args.max_pixels)
        tasks = own_data.list_marked(images, strays, fake)
    if not tasks and args.format != 'none':
        what = f'masks in a folder {args.masks} (--masks)' if args.format == 'masks' else f'JSON files of {args.format}'
        raise JobError(f'{args.src} holds no {what}: is it another --format?')
    others = own_data.list_unannotated(pictures, tasks)
    known = [task for task in others if args.unannotated_is_real or own_data.is_in(task.key, args.fake_folder)]
    if args.fake_folder and not any(own_data.is_in(path, args.fake_folder) for path in pictures):
        raise JobError(f'{args.src} has no picture in a folder {args.fake_folder} (--fake-folder)')
    return tasks + known, len(others) - len(known)


def hash_json(src: Path) -> str:
    """SHA-256 over the names and contents of all JSON files, on which all samples depend."""
    digest = hashlib.sha256()
    for name in find_files(src, frozenset({'.json'})):
        digest.update(f'{name} {file_sha256(src / name)}\n'.encode(errors='surrogateescape'))
    return digest.hexdigest()


def main() -> int:
    """Convert; returns the exit code."""
    args = parse_args()
    refuse_nested(args.dst, args.src)
    tasks, left_out = list_tasks(args)
    settings = dict(converter='from_annotations', recipe=RECIPE, link=args.link, max_pixels=args.max_pixels)
    settings.update(format=args.format, shares=args.shares, seed=args.seed, keep_folders=args.keep_folders)
    # A division depends on all pictures.
    settings.update(fake=args.fake, pictures=len(tasks), **mask_settings(args.mask_values))
    settings.update(dict(masks=args.masks) if args.format == 'masks' else dict(annotations=hash_json(args.src)))
    # Sets made before this option existed do not have it.
    settings.update(dict(fake_folder=args.fake_folder) if args.fake_folder else {})
    splits = own_data.divide((task.key for task in tasks), args.shares, args.seed, args.keep_folders)
    options = dict(link=args.link, max_pixels=args.max_pixels, mask_values=args.mask_values)
    work = partial(own_data.convert, src=args.src, splits=splits, fake_folder=args.fake_folder, **options)
    summary = run_job(tasks, work, args.dst, settings=settings, unit='pictures', **job_options(args))
    if left_out:
        print(f'{left_out} pictures without annotation left out; --unannotated-is-real takes them as real ones')
    return report(summary, args, labels=(0, 1))


if __name__ == '__main__':
    run_converter('from_annotations', main)
