"""Put the shards of a set together that a converter made with ``--shard``: the same bytes as without it.

Example:
    python tools/dataset_converters/merge.py data/ofv2
"""

import argparse

from monfap_mm.cli.arguments import existing_folder, share
from monfap_mm.cli.exit_codes import DONE, FAILED, INTERRUPTED, NOT_STARTED, NOT_WRITTEN
from monfap_mm.curation.cli import report_set, run_converter
from monfap_mm.jobs.merge import merge_shards


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Put the shards of a set together that a converter made with --shard.',
        epilog=f'Files are moved, not copied. Exit code: {DONE} done, {FAILED} too many bad items or no samples, '
        f'{NOT_STARTED} a shard is missing, unfinished, or of another source, {NOT_WRITTEN} stopped by a full disk and '
        f'{INTERRUPTED} by Ctrl-C: then the same command goes on.',
    )
    parser.add_argument('dst', metavar='DST', type=existing_folder, help='DST of the converter')
    parser.add_argument(
        '--max-bad', type=share, default=0.01, help='largest share of broken items, 0 to 1, default: %(default)s'
    )
    return parser.parse_args()


def main() -> int:
    """Merge; returns the exit code."""
    args = parse_args()
    return report_set(merge_shards(args.dst, max_bad=args.max_bad), args.dst, args.max_bad)


if __name__ == '__main__':
    run_converter('merge', main)
