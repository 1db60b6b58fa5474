"""Make the demo data: rendered group pictures, half of them with forged faces, with masks and lists.

Example:
    python tools/dataset_converters/make_demo_data.py data/demo
"""

import argparse
import os
import time

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.scenes import DemoSet, make_set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    default = DemoSet()
    parser = argparse.ArgumentParser(description='Make a seeded multi-face forgery set for the demo.')
    parser.add_argument('folder', help='where to write the set')
    parser.add_argument('--seed', type=int, default=default.seed, help='default: %(default)s')
    parser.add_argument('--train', type=int, default=default.train, help='training pictures, default: %(default)s')
    parser.add_argument('--val', type=int, default=default.val, help='validation pictures, default: %(default)s')
    parser.add_argument('--test', type=int, default=default.test, help='test pictures, default: %(default)s')
    parser.add_argument('--size', type=int, default=default.size, help='side in pixels, default: %(default)s')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes, default: all cores')
    return parser.parse_args()


def main() -> None:
    """Make the set and say where it is."""
    args = parse_args()
    start = time.time()
    try:
        demo = DemoSet(args.seed, args.train, args.val, args.test, args.size)
        made = make_set(args.folder, demo, args.workers)
    except (ValueError, FileExistsError) as error:
        raise CommandError(error) from error
    total = demo.train + demo.val + demo.test
    if made:
        print(f'{total} pictures of {demo.size} x {demo.size} pixels in {args.folder}, {time.time() - start:.0f} s')
    else:
        print(f'{args.folder} already holds this set ({total} pictures): nothing to do')


if __name__ == '__main__':
    run_command('make_demo_data', main)
