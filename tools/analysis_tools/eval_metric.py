"""Figures of results files, without the model: with confidence intervals, curves, and the worst cases as pictures.

A results file comes from ``tools/test.py --out results.jsonl``. Several, of several models, are set side by side; if
they are of the same images, the differences to the first get confidence intervals too. docs/evaluation.md explains the
figures.

Example:
    python tools/analysis_tools/eval_metric.py ours.jsonl baseline.jsonl --figures ACC AUC 'pixel/*/F1' --plots curves
"""

import argparse
import json
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from mmengine.utils import ProgressBar
from prettytable import PrettyTable

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.cli.exit_codes import DONE, FAILED
from monfap_mm.evaluation.bootstrap import interval, resample
from monfap_mm.evaluation.curves import draw_curves
from monfap_mm.evaluation.figures import PAPER_FIGURES, all_figures, is_percent, paper_figures
from monfap_mm.evaluation.image_record import ImageRecord
from monfap_mm.evaluation.plain_json import without_nan
from monfap_mm.evaluation.result_table import ResultTable
from monfap_mm.evaluation.results_file import read_results
from monfap_mm.evaluation.worst_cases import CRITERIA, draw_worst
from monfap_mm.utils.atomic_write import atomic_write

Figures = Callable[[ResultTable], dict[str, float]]
Estimates = dict[str, dict[str, float]]  # by figure


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', metavar='RESULTS', help='file of tools/test.py --out; .part files do too')
    parser.add_argument(
        '--figures', nargs='+', default=['*'], metavar='KEY', help='figures to show, such as AUC or "pixel/*"'
    )
    parser.add_argument('--bootstrap', type=int, default=1000, metavar='N', help='draws for the intervals; 0 for none')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draws')
    parser.add_argument('--json', type=Path, metavar='FILE', help='file to write the figures to')
    parser.add_argument('--plots', type=Path, metavar='DIR', help='folder for roc.png, pr.png and calibration.png')
    parser.add_argument('--worst', nargs=2, metavar=('N', 'DIR'), help='draw the N worst images of the first file')
    parser.add_argument('--worst-by', choices=list(CRITERIA), default='score', help='what the worst are worst in')
    parser.add_argument(
        '--masks', type=Path, metavar='DIR', help='predicted masks for --worst: tools/test.py --out DIR'
    )
    args = parser.parse_args()
    if args.bootstrap < 0:
        parser.error(f'--bootstrap must be at least 0, got {args.bootstrap}')
    if args.worst and not (args.worst[0].isdigit() and int(args.worst[0]) > 0):
        parser.error(f'--worst takes a number of images and a folder, got {" ".join(args.worst)}')
    if args.masks and not args.masks.is_dir():
        parser.error(f'there is no folder {args.masks}')
    return args


def load(paths: list[str]) -> dict[str, list[ImageRecord]]:
    """Read results files, by their names or, where two share one, their paths.

    Raises:
        CommandError: If one is broken or given twice.
    """
    files = [Path(path).resolve() for path in paths]
    for number, (path, file) in enumerate(zip(paths, files)):
        if file in files[:number]:
            raise CommandError(f'{path} is given twice: name each file once')
    stems = [Path(path).stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else paths
    records = {}
    for path, name in zip(paths, names):
        try:
            found, warnings = read_results(path)
        except (OSError, ValueError) as error:
            raise CommandError(error) from error
        print(*(f'warning: {warning}' for warning in warnings), sep='\n', end='\n' * bool(warnings), file=sys.stderr)
        records[name] = found
    return records


def make_table(records: list[ImageRecord]) -> ResultTable:
    """Columns of the records, in an order that is the same for any file of the same images."""
    return ResultTable.from_records(sorted(records, key=lambda record: (record.img_path, str(record.sample_idx))))


def choose_figures(patterns: list[str], keys: list[str]) -> list[str]:
    """Keys that match a pattern; a CommandError if a pattern matches none."""
    for pattern in patterns:
        if not any(fnmatch(key, pattern) for key in keys):
            raise CommandError(f'no figure is called {pattern}. There are\n  ' + '\n  '.join(keys))
    return [key for key in keys if any(fnmatch(key, pattern) for pattern in patterns)]


def bootstrap(name: str, table: ResultTable, figures: Figures, args: argparse.Namespace) -> dict[str, np.ndarray]:
    """Figures of the draws, with a progress bar on a terminal; nothing with ``--bootstrap 0``."""
    if not args.bootstrap:
        return {}
    print(f'{name}: {args.bootstrap} draws', file=sys.stderr)
    if not sys.stderr.isatty():
        return resample(table, figures, args.bootstrap, args.seed)
    bar = ProgressBar(args.bootstrap, file=sys.stderr)
    draws = resample(table, figures, args.bootstrap, args.seed, bar.update)
    print(file=sys.stderr)
    return draws


def estimate(value: float, draws: np.ndarray | None) -> dict[str, float]:
    """A figure with the ends of its interval and the number of draws that do not define it."""
    if draws is None:
        return dict(value=value)
    low, high = interval(draws)
    return dict(value=value, low=low, high=high, undefined_draws=int(np.isnan(draws).sum()))


def evaluate(
    tables: dict[str, ResultTable], comparable: bool, args: argparse.Namespace
) -> tuple[dict[str, Estimates], dict[str, Estimates]]:
    """Estimates of the figures of each file, and of the differences of each other file to the first.

    The latter only if the files are comparable, which is to say of the same images: then each draw is the same in all.
    """
    keys = choose_figures(args.figures, list(all_figures(next(iter(tables.values())))))
    figures = paper_figures if set(keys) <= set(PAPER_FIGURES) else all_figures
    values = {name: figures(table) for name, table in tables.items()}
    draws = {name: bootstrap(name, table, figures, args) for name, table in tables.items()}
    estimates = {name: {key: estimate(values[name][key], draws[name].get(key)) for key in keys} for name in tables}
    first, *others = tables
    differences = {}
    for name in others if comparable else []:
        gaps = {key: draws[name][key] - draws[first][key] for key in draws[name]}
        differences[name] = {key: estimate(values[name][key] - values[first][key], gaps.get(key)) for key in keys}
    return estimates, differences


def show(key: str, estimate: dict[str, float]) -> str:
    """An estimate as text: the value and its interval."""
    digits = 0 if key.endswith(('count', 'undefined')) else 2 if is_percent(key) else 4
    text = f'{estimate["value"]:.{digits}f}'
    if 'low' in estimate and digits:
        text += f' [{estimate["low"]:.{digits}f}, {estimate["high"]:.{digits}f}]'
    return text


def print_table(estimates: dict[str, Estimates], differences: dict[str, Estimates]) -> None:
    """One row per figure, one column per file or difference."""
    first = next(iter(estimates))
    columns = estimates | {f'{name} - {first}': rows for name, rows in differences.items()}
    table = PrettyTable(['figure', *columns])
    table.align['figure'] = 'l'
    for key in estimates[first]:
        table.add_row([key, *(show(key, rows[key]) for rows in columns.values())])
    print(table)


def write_json(
    path: Path, estimates: dict[str, Estimates], differences: dict[str, Estimates], args: argparse.Namespace
) -> None:
    """Write the estimates; what is not defined becomes null."""
    content = dict(
        files=args.results,
        bootstrap=args.bootstrap,
        seed=args.seed,
        figures=estimates,
        differences_to_first=differences,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, json.dumps(without_nan(content), indent=2, allow_nan=False) + '\n')


def same_images(records: dict[str, list[ImageRecord]]) -> bool:
    """Whether all files are of the same images with the same labels."""
    return len({frozenset((record.identity, record.label) for record in found) for found in records.values()}) == 1


def main() -> int:
    """Read, compute, print, write; returns the exit code."""
    args = parse_args()
    records = load(args.results)
    tables = {name: make_table(found) for name, found in records.items()}
    comparable = same_images(records)
    if not comparable:
        print('The files are of different images: no differences', file=sys.stderr)
    estimates, differences = evaluate(tables, comparable, args)
    print_table(estimates, differences)
    if args.json:
        write_json(args.json, estimates, differences, args)
    if args.plots:
        print(*draw_curves(tables, args.plots), sep='\n')
    if args.worst:
        number, folder = int(args.worst[0]), Path(args.worst[1])
        problems = draw_worst(records[next(iter(records))], number, folder, args.worst_by, args.masks)
        print(f'{folder}: the worst images by {args.worst_by}')
        if problems:
            print('eval_metric: could not read\n  ' + '\n  '.join(problems), file=sys.stderr)
            return FAILED
    return DONE


if __name__ == '__main__':
    run_command('eval_metric', main)
