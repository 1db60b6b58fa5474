"""Parameters and FLOPs of a config's model, whole and by part.

A FLOP is a multiply-add, as in mmseg's tool of the same name. Attention is counted as it is computed here, see
docs/model.md.

    python tools/analysis_tools/get_flops.py CONFIG [CONFIG ...] --shape 512 512
"""

import argparse

from prettytable import PrettyTable

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.command import run_command
from monfap_mm.deployment.speed.counting import count


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--shape', nargs=2, type=int, default=[512, 512], metavar=('H', 'W'))
    return parser.parse_args()


def main() -> None:
    """Print a table."""
    args = parse_args()
    table = PrettyTable(['config', 'part', 'parameters (M)', f'FLOPs (G) at {args.shape[0]}x{args.shape[1]}'])
    for config in args.configs:
        for part, (parameters, flops) in count(config, tuple(args.shape)).items():
            table.add_row([config, part, f'{parameters:.2f}', f'{flops:.2f}'])
    print(table)


if __name__ == '__main__':
    run_command('get_flops', main)
