"""Plot how time and memory grow with image size and batch, from the report of tools/analysis_tools/benchmark.py.

    python tools/analysis_tools/benchmark.py CONFIG --modes forward --sizes 256 512 1024 2048 --batches 1 --out DIR
    python tools/analysis_tools/growth_curves.py DIR/benchmark.json growth.png

Both axes are logarithmic; the slope in the legend is the exponent k of ``cost ~ (pixels of a step)^k``: 1 is linear.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.utils.atomic_write import written_aside

COSTS = {'milliseconds': 'time of a step, ms', 'peak_mib': 'memory of a step, MiB'}
MARKERS = 'os^Dv'


def read_curves(report: dict, cost: str) -> dict[str, list[tuple[float, float]]]:
    """Pixels of a step and what they cost, by mode and form, in rising order; forms of one size are left out.

    Args:
        report: Content of ``benchmark.json``.
        cost: A key of :data:`COSTS`.
    """
    curves = defaultdict(list)
    for row in report['results']:
        if row[cost]:
            name = f'{row["config"].split("_")[0]}, {row["mode"]}, {row["form"]}'
            curves[name].append((row['batch'] * row['size'] ** 2, row[cost]))
    return {name: sorted(points) for name, points in curves.items() if len({x for x, _ in points}) > 1}


def slope(points: list[tuple[float, float]]) -> float:
    """Exponent k of ``cost ~ pixels^k`` by least squares on the logarithms."""
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def draw(report: dict) -> Figure:
    """One panel per cost.

    Raises:
        ValueError: If the report has no form that was measured at two sizes.
    """
    figure = Figure((11, 4.5), dpi=120, layout='constrained')
    for axes, (cost, label) in zip(figure.subplots(1, len(COSTS)), COSTS.items()):
        curves = read_curves(report, cost)
        if not curves and cost == 'milliseconds':
            raise ValueError('nothing in the report was measured at two sizes or batches')
        for number, (name, points) in enumerate(curves.items()):
            marker = MARKERS[number % len(MARKERS)]
            axes.loglog(*zip(*points), marker=marker, label=f'{name}: slope {slope(points):.2f}')
        axes.set_xlabel('pixels of a step (images x height x width)')
        axes.set_ylabel(label)
        axes.grid(which='both', alpha=0.3)
        if curves:
            axes.legend(fontsize=8)
    return figure


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('report', type=Path, help='benchmark.json')
    parser.add_argument('out', type=Path, help='picture to write')
    args = parser.parse_args()
    try:
        figure = draw(json.loads(args.report.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f'{args.report}: {error}')
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(args.out) as temporary:
            figure.savefig(temporary)
    except (OSError, ValueError) as error:  # ValueError: of an ending that is no picture's
        raise CommandError(f'{args.out} cannot be written: {error}') from error
    print(args.out)


if __name__ == '__main__':
    run_command('growth_curves', main)
