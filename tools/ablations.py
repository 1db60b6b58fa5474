"""Train and score rows of the paper's ablation tables over several seeds.

Every row is a config in configs/ablations: the paper's setting on FFIW. With --demo the same changes are made to the
model, data and schedule of `make demo`.

Example:
    python tools/ablations.py VI VII --demo --seeds 0 1 2
"""

import argparse
import itertools
import json
import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from monfap_mm.atomic_write import atomic_write
from monfap_mm.evaluation.protocols import (
    ABLATIONS,
    PAPER_FIGURES,
    TABLES,
    Row,
    Table,
    ToolError,
    Value,
    beside_paper,
    hash_text,
    load_row,
    read_figures,
    run_jobs,
    run_tool,
    versions,
)

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
    parser.add_argument('--jobs', type=int, default=1, help='trainings at the same time, default: 1')
    parser.add_argument('--processes', type=int, default=1, help='processes (GPUs) a training, default: 1')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='passed on to train.py and test.py')
    args = parser.parse_args()
    args.tables = list(ABLATIONS) if 'all' in args.tables else args.tables
    args.work_dir = args.work_dir or Path('work_dirs') / ('ablations_demo' if args.demo else 'ablations')
    known = {row for table in args.tables for row in ABLATIONS[table]}
    if args.rows and not set(args.rows) <= known:
        parser.error(f'unknown rows {sorted(set(args.rows) - known)}, the tables have {sorted(known)}')
    return args


@dataclass(frozen=True)
class Training:
    """One config with one seed, and where its files are."""

    name: str
    seed: int
    folder: Path
    config_text: str
    options: tuple[str, ...]

    @property
    def key(self) -> str:
        """Hash of all that makes the figures."""
        return hash_text('\n'.join([self.config_text, str(self.seed), *self.options]))

    def figures(self) -> dict[str, float] | None:
        """The figures, if this very training is done."""
        path = self.folder / 'result.json'
        if not path.exists():
            return None
        result = json.loads(path.read_text())
        if result['key'] != self.key:
            raise ToolError(f'{self.folder} holds the result of another config or other options: delete it')
        return result['figures']

    def run(self, processes: int) -> dict[str, float]:
        """Train (or go on where a killed training was), test the best checkpoint, and keep the figures."""
        figures = self.figures()
        if figures is not None:
            return figures
        start = time.time()
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / f'{self.name}.py'
        if config.exists() and config.read_text() != self.config_text:
            raise ToolError(f'{self.folder} holds a training with another config: delete it')
        atomic_write(config, self.config_text)
        options = ['--cfg-options', f'randomness.seed={self.seed}', *self.options]
        resume = ['--resume'] if (self.folder / 'last_checkpoint').exists() else []
        train = [config, '--work-dir', self.folder, *resume, *options]
        run_tool(TOOLS / 'train.py', *train, log=self.folder / 'train.log', processes=processes)
        checkpoint = next(self.folder.glob('best_*.pth'), None)
        if checkpoint is None:
            raise ToolError(f'{self.folder} has no best checkpoint: did the validation give NaN? (see train.log)')
        test = [config, checkpoint, '--work-dir', self.folder / 'test', *options]
        run_tool(TOOLS / 'test.py', *test, log=self.folder / 'test.log', processes=processes)
        figures = read_figures(self.folder / 'test')
        result = dict(key=self.key, seconds=round(time.time() - start), figures=figures, versions=versions())
        atomic_write(self.folder / 'result.json', json.dumps(result, indent=2) + '\n')
        return figures


def plan(args: argparse.Namespace) -> dict[tuple[str, int], Training]:
    """All trainings by (config, seed); a config that several tables share is trained once."""
    names = dict.fromkeys(
        name for table in args.tables for row, name in ABLATIONS[table].items() if not args.rows or row in args.rows
    )
    texts = {name: load_row(CONFIGS / f'{name}.py', args.demo).pretty_text for name in names}
    return {
        (name, seed): Training(name, seed, args.work_dir / name / f'seed{seed}', texts[name], tuple(args.cfg_options))
        for seed in args.seeds
        for name in names
    }


def run_all(trainings: dict[tuple[str, int], Training], args: argparse.Namespace) -> tuple[dict, dict]:
    """Run what is not done yet; one that fails does not stop the others.

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
        note = {'': 'failed' if failed else 'not run'}
        ours = Row(row, 'ours', {column: value for column, value in values.items() if value}, note)
        rows += beside_paper(ours, paper, row, difference=not args.demo)
    title = f'{paper.title} ({table if table.startswith("Fig.") else f"Table {table}"})'
    return Table(title, ('',), PAPER_FIGURES, tuple(rows), tuple(filter(None, footnotes)))


def main() -> None:
    """Run, print the tables and write them to the work dir."""
    args = parse_args()
    # One thread a process: threads that wait for each other slow a busy machine down many times.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    figures, failures = run_all(plan(args), args)
    for name in args.tables:
        table = make_table(name, figures, failures, args)
        print(f'\n{table.markdown()}')
        stem = name.lower().replace('. ', '') if name.startswith('Fig.') else f'table_{name.lower()}'
        table.write(args.work_dir, stem, versions=versions())
    if failures:
        sys.exit(f'{len(failures)} trainings failed; run the same command again to go on')


if __name__ == '__main__':
    main()
