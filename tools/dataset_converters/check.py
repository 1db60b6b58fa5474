"""Is a set fit to train on? Reads every image and mask of its lists, finds duplicates and leaks, and describes the set.

Exit code: 0 fit, 1 not fit, 2 cannot run.

Example:
    python tools/dataset_converters/check.py data/ofv2/train.txt data/ofv2/val.txt data/ofv2/test.txt --dataset ofv2
"""

import argparse
import json
import os
from contextlib import ExitStack
from pathlib import Path

import cv2

from monfap_mm.cli.arguments import existing_file, positive_number
from monfap_mm.cli.command import run_command
from monfap_mm.cli.exit_codes import DONE, FAILED
from monfap_mm.curation.check import check_lists
from monfap_mm.curation.cli import add_mask_option
from monfap_mm.curation.contact_sheet import draw_sheet
from monfap_mm.datasets.forgery_dataset import MASKS
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.media.limits import MAX_PIXELS_OF_SETS
from monfap_mm.protocols.paper_tables import TABLE_I
from monfap_mm.utils.atomic_write import atomic_write

DATASETS = {'ofv2': 'OFV2', 'ffiw': 'FFIW', 'manual_fake': 'Manual-Fake'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Check lists of images and masks, all of one set together.')
    parser.add_argument('lists', nargs='+', type=existing_file, metavar='LIST', help='train.txt, val.txt, ...')
    parser.add_argument('--dataset', choices=DATASETS, help="show the paper's counts (Table I) beside ours")
    parser.add_argument('--out', type=Path, help='folder of report.json and sheet.jpg, default: work_dirs/check/<set>')
    parser.add_argument('--workers', type=positive_number, default=os.cpu_count(), help='default: all cores')
    parser.add_argument(
        '--max-pixels',
        type=positive_number,
        default=MAX_PIXELS_OF_SETS,
        help='refuse larger images, default: %(default)s',
    )
    add_mask_option(parser)
    parser.add_argument(
        '--masks',
        choices=MASKS,
        default=MASKS[0],
        help="optional: fake images may have none, as with masks='optional' of a data set; default: %(default)s",
    )
    args = parser.parse_args()
    args.out = args.out or Path('work_dirs', 'check', args.lists[0].resolve().parent.name)
    return args


def main() -> int:
    """Check; returns the exit code."""
    args = parse_args()
    with ExitStack() as stack:
        try:
            args.out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(only_writer(args.out))
        except OSError as error:
            raise JobError(f'Cannot write to {args.out}: {error.strerror}') from error
        return check(args)


def check(args: argparse.Namespace) -> int:
    """Check, print and write the report; returns the exit code."""
    table_1 = TABLE_I[DATASETS[args.dataset]] if args.dataset else {}
    report, samples = check_lists(args.lists, args.workers, args.max_pixels, args.mask_values, args.masks)
    print(report.format(table_1))
    atomic_write(args.out / 'report.json', json.dumps({**report.describe(), 'table_1': dict(table_1)}, indent=2) + '\n')
    sheet = cv2.cvtColor(draw_sheet(samples, args.max_pixels, args.mask_values), cv2.COLOR_RGB2BGR)
    atomic_write(args.out / 'sheet.jpg', cv2.imencode('.jpg', sheet)[1].tobytes())
    print(f'{args.out / "report.json"}, {args.out / "sheet.jpg"}')
    return DONE if report.fit else FAILED


if __name__ == '__main__':
    run_command('check', main)
