"""Train and score rows of the paper's ablation tables over several seeds.

Every row is a config in configs/ablations: the paper's setting on FFIW. With --demo the same changes are made to the
model, data and schedule of `make demo`.

Example:
    python tools/ablations.py VI VII --demo --seeds 0 1 2
"""

import argparse
import itertools
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from mmengine.config import DictAction

from monfap_mm.cli.arguments import positive_number
from monfap_mm.cli.command import run_command
from monfap_mm.cli.exit_codes import DONE, FAILED
from monfap_mm.engine.cfg_options import merge_options
from monfap_mm.evaluation.figures import PAPER_FIGURES
from monfap_mm.protocols import (
    ABLATIONS,
    TABLES,
    NotThereError,
    Row,
    Table,
    ToolError,
    Training,
    Value,
    beside_paper,
    load_row,
    run_jobs,
)
from monfap_mm.utils.provenance import versions

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs' / 'ablations'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Train and score rows of the ablation tables over several seeds.')
    parser.add_argument('tables', nargs='+', choices=[*ABLATIONS, 'all'], metavar='TABLE', help=', '.join(ABLATIONS))
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='only these rows, as the paper names them')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0], help='default: 0')
    parser.add_argument('--demo', action='store_true', help='data, model size and schedule of `make demo`')
    parser.add_argument('--work-dir', type=Path, help='default: work_dirs/ablations or, with --demo, ..._demo')
    parser.add_argument('--jobs', type=positive_number, default=1, help='trainings at the same time, default: 1')
    parser.add_argument(
        '--processes', type=positive_number, default=1, help='processes (GPUs) per training, default: 1'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, help='as for train.py')
    args = parser.parse_args()
    args.tables = list(ABLATIONS) if 'all' in args.tables else list(dict.fromkeys(args.tables))
    args.seeds = list(dict.fromkeys(args.seeds))
    args.work_dir = args.work_dir or Path('work_dirs') / ('ablations_demo' if args.demo else 'ablations')
    known = {row for table in args.tables for row in ABLATIONS[table]}
    if args.rows and not set(args.rows) <= known:
        parser.error(f'unknown rows {sorted(set(args.rows) - known)}, the tables have {sorted(known)}')
    return args


def plan(args: argparse.Namespace) -> dict[tuple[str, int], Training]:
    """The trainings of all rows of the tables, by (config, seed); one that several tables share is there once."""
    trainings = {}
    for seed in args.seeds:
        for name in dict.fromkeys(name for table in args.tables for name in ABLATIONS[table].values()):
            cfg = load_row(CONFIGS / f'{name}.py', args.demo)
            merge_options(cfg, {**args.cfg_options, 'randomness.seed': seed})
            trainings[name, seed] = Training(cfg, args.work_dir / name / f'seed{seed}', TOOLS)
    return trainings


def wanted(args: argparse.Namespace) -> set[str]:
    """The configs that are to be run."""
    pairs = [pair for table in args.tables for pair in ABLATIONS[table].items()]
    return {name for row, name in pairs if not args.rows or row in args.rows}


def figures_on_disk(trainings: dict[tuple[str, int], Training]) -> dict[tuple[str, int], dict]:
    """The figures of trainings that were done by an earlier run."""
    found = {}
    for key, training in trainings.items():
        with suppress(ToolError, NotThereError):
            found[key] = training.figures()
    return {key: figures for key, figures in found.items() if figures}


def run_all(trainings: dict[tuple[str, int], Training], args: argparse.Namespace) -> tuple[dict, dict]:
    """Run trainings that are not done yet; one that fails does not stop the others.

    Returns:
        The figures and the reasons of failure, by (config, seed).
    """
    done = itertools.count(1)

    def report(key: tuple[str, int], outcome: dict | Exception) -> None:
        said = outcome
        if not isinstance(outcome, Exception):
            said = '  '.join(f'{figure} {outcome[f"forgery/{figure}"]:.2f}' for figure in PAPER_FIGURES)
        print(f'[{next(done)}/{len(trainings)}] {key[0]} seed {key[1]}: {said}', flush=True)

    jobs = {key: partial(training.run, args.processes) for key, training in trainings.items()}
    return run_jobs(jobs, args.jobs, report)


def make_table(table: str, figures: dict, failures: dict, args: argparse.Namespace) -> Table:
    """A table in the paper's shape: mean and standard deviation over the seeds, beside the paper's figures."""
    paper, rows = TABLES[table], []
    setting = 'demo data, reduced size' if args.demo else 'FFIW'
    footnotes = [f'Ours: {setting}; mean and standard deviation over the seeds {args.seeds}. Paper: FFIW.', paper.note]
    for row, name in ABLATIONS[table].items():
        runs = [figures[name, seed] for seed in args.seeds if (name, seed) in figures]
        values = {('', figure): Value.over_runs([run[f'forgery/{figure}'] for run in runs]) for figure in PAPER_FIGURES}
        failed = [failures[name, seed] for seed in args.seeds if (name, seed) in failures]
        if failed:
            footnotes.append(f'{row}: made with {len(runs)} of {len(args.seeds)} seeds, the others failed: {failed[0]}')
        note = {} if runs else {'': 'failed' if failed else 'not run'}
        measured = Row(row, 'ours', {column: value for column, value in values.items() if value}, note)
        rows += beside_paper(measured, paper, row, difference=not args.demo)
    title = f'{paper.title} ({table if table.startswith("Fig.") else f"Table {table}"})'
    return Table(title, ('',), PAPER_FIGURES, tuple(rows), tuple(filter(None, footnotes)))


def main() -> int:
    """Run, print the tables and write them to the work dir; returns the exit code."""
    args = parse_args()
    # One thread per process: threads that wait for each other slow a busy machine down many times.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    trainings, names = plan(args), wanted(args)
    chosen = {key: training for key, training in trainings.items() if key[0] in names}
    figures, failures = run_all(chosen, args)
    figures |= figures_on_disk({key: training for key, training in trainings.items() if key not in chosen})
    for name in args.tables:
        table = make_table(name, figures, failures, args)
        print(f'\n{table.markdown()}')
        stem = name.lower().replace('. ', '') if name.startswith('Fig.') else f'table_{name.lower()}'
        table.write(args.work_dir, stem, versions=versions())
    if failures:
        print(f'{len(failures)} trainings failed; run the same command again to go on', file=sys.stderr)
        return FAILED
    return DONE


if __name__ == '__main__':
    run_command('ablations', main, 'the same command goes on')
