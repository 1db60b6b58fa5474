"""Test models on test sets as a protocol file says, and write the table, ours beside the paper's.

What is done stays done: the same command goes on after a kill, and tests again only what has changed (config,
checkpoint or list). Missing checkpoints and data leave an empty cell that says what is missing. A cell with
`train: true` is trained first.

Example:
    python tools/benchmark.py configs/benchmarks/table02_intra-dataset.yml
"""

import argparse
import itertools
import math
import sys
from functools import partial
from pathlib import Path

from monfap_mm.cli.arguments import positive_number
from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.cli.exit_codes import DONE, FAILED
from monfap_mm.protocols import (
    Cell,
    NotThereError,
    Protocol,
    ProtocolError,
    Row,
    Table,
    Value,
    beside_paper,
    load_protocol,
    run_cell,
    run_jobs,
    with_average,
)
from monfap_mm.utils.provenance import hash_text, versions

TOOLS = Path(__file__).resolve().parent


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Fill the table of a protocol.')
    parser.add_argument('protocol', help='protocol file: YAML, JSON or Python')
    parser.add_argument('--work-dir', type=Path, help='default: work_dirs/benchmarks/<name of the protocol>')
    parser.add_argument('--processes', type=positive_number, default=1, help='processes (GPUs) per test, default: 1')
    parser.add_argument('--jobs', type=positive_number, default=1, help='tests at the same time, default: 1')
    return parser.parse_args()


def test_all(protocol: Protocol, args: argparse.Namespace) -> tuple[dict, dict]:
    """Test every cell; returns results and failures by (model, test set)."""
    done = itertools.count(1)

    def report(key: tuple[str, str], outcome: dict | Exception) -> None:
        if isinstance(outcome, Exception):
            said = outcome
        else:
            figures = outcome['figures']
            said = '  '.join(f'{name} {figures.get(metric, math.nan):.2f}' for name, metric in protocol.figures.items())
        print(f'[{next(done)}/{len(protocol.cells)}] {" on ".join(key)}: {said}', flush=True)

    jobs = {
        (cell.row, cell.group): partial(run_cell, cell, folder_of(cell, args.work_dir), TOOLS, args.processes)
        for cell in protocol.cells
    }
    return run_jobs(jobs, args.jobs, report)


def folder_of(cell: Cell, work_dir: Path) -> Path:
    """Where the files of a cell go: a readable name, made unique by its hash."""
    name = f'{cell.row}__{cell.group}'
    readable = ''.join(character if character.isalnum() or character in '._-' else '-' for character in name)
    return work_dir / 'cells' / f'{readable}_{hash_text(name)[:6]}'


def make_table(protocol: Protocol, results: dict, failures: dict) -> Table:
    """The paper's rows that are not ours, then ours, each with the paper's and the difference."""
    groups = (*protocol.groups, 'Average') if protocol.average else protocol.groups
    figures = tuple(protocol.figures)
    rows, footnotes = [], []
    for name in protocol.paper.rows if protocol.paper else ():
        if name not in protocol.rows:
            rows += beside_paper(Row(name, 'ours', {}), protocol.paper, name)[1:]
    for name in protocol.rows:
        values, notes = {}, {}
        for group in protocol.groups:
            result = results.get((name, group))
            if result is None:
                notes[group] = str(failures.get((name, group), 'not in the protocol'))
                continue
            hashes = ', '.join(f'{kind} {digest}' for kind, digest in result['provenance'].items())
            footnotes.append(f'{name}, {group}: {hashes}')
            found = {name: metric for name, metric in protocol.figures.items() if metric in result['figures']}
            values |= {(group, figure): Value(result['figures'][metric]) for figure, metric in found.items()}
            if len(found) < len(figures):
                notes[group] = f'the test gives no {", ".join(set(protocol.figures.values()) - set(found.values()))}'
        row = Row(name, 'ours', values, notes)
        rows += beside_paper(
            with_average(row, protocol.groups, figures) if protocol.average else row, protocol.paper, name
        )
    footnotes.append('Versions: ' + ', '.join(f'{package} {number}' for package, number in versions().items()))
    if protocol.paper and protocol.paper.note:
        footnotes.append(f"Of the paper's table: {protocol.paper.note}")
    return Table(protocol.title, groups, figures, tuple(rows), tuple(footnotes))


def main() -> int:
    """Test, print the table and write it; returns the exit code."""
    args = parse_args()
    try:
        protocol = load_protocol(args.protocol)
    except (FileNotFoundError, ProtocolError) as error:
        raise CommandError(error) from error
    args.work_dir = args.work_dir or Path('work_dirs') / 'benchmarks' / protocol.name
    results, failures = test_all(protocol, args)
    table = make_table(protocol, results, failures)
    print(f'\n{table.markdown()}')
    cells = [dict(row=row, group=group, **result) for (row, group), result in results.items()]
    table.write(args.work_dir, protocol.name, cells=cells, versions=versions())
    print(f'{args.work_dir / protocol.name}.md .csv .tex .json')
    broken = [key for key, error in failures.items() if not isinstance(error, NotThereError)]
    if broken:
        print(f'{len(broken)} tests failed; the others are kept: run the same command again', file=sys.stderr)
        return FAILED
    return DONE


if __name__ == '__main__':
    run_command('benchmark', main, 'the same command goes on')
