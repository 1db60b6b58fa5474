"""The demo: make data, train MoNFAP-C and an FCN on an equal budget, test both, answer for pictures, sum up.

Example:
    python tools/run_demo.py
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

from monfap_mm.cli.command import run_command
from monfap_mm.evaluation.figures import PAPER_FIGURES
from monfap_mm.protocols import read_figures
from monfap_mm.utils.atomic_write import atomic_write, written_aside
from monfap_mm.utils.provenance import versions

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs' / 'demo'
TRAIN_LINE = re.compile(r'Epoch\(train\) +(\[\d+]\[ *\d+/\d+]).* eta: (.+?)  .* loss: ([\d.]+)')
FIGURE = re.compile(rf'forgery/({"|".join(PAPER_FIGURES)}): ([\d.]+|nan)')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Make data, train MoNFAP-C and a baseline, test both, sum up.')
    parser.add_argument('--quick', action='store_true', help='few images: a check that all works, with poor figures')
    return parser.parse_args()


def plan(data: Path, work_dir: Path, quick: bool) -> str:
    """What the demo does, and the minutes that each step took on two CPU cores."""
    pictures, tested, *minutes = (80, 16, '< 1', '< 1', '< 1', '< 1') if quick else (2400, 300, '1', '9', '1', '2')
    steps = (
        f'make {pictures} pictures of rendered groups, half of them forged',
        'train MoNFAP-C at reduced size and an FCN, side by side, a core each',
        f'test both on the {tested} pictures that were held out',
        'answer for these pictures as a user would, with evidence',
    )
    return '\n'.join(
        [
            'The demo trains a small model from nothing and puts it to use. On two CPU cores it takes',
            *(f'  {taken:>3} min  to {step}' for step, taken in zip(steps, minutes)),
            f'It writes to {data} and {work_dir}, and nothing else.',
        ]
    )


def shorten(line: str) -> str | None:
    """What a line of MMEngine's log says about the progress; None if nothing."""
    train = TRAIN_LINE.search(line)
    if train:
        position, eta, loss = train.groups()
        return f'  epoch {position}  loss {loss}  {eta} left'
    figures = FIGURE.findall(line)
    if figures and 'Epoch(' in line:
        return f'  {"test" if "Epoch(test)" in line else "validation"}  ' + '  '.join(map(' '.join, figures))
    return None


def run(name: str, script: str, *arguments: str | Path) -> None:
    """Run one of the tools for a model, with its progress on screen; if it fails, show its last lines and stop."""
    command = [sys.executable, str(TOOLS / script), *map(str, arguments)]
    print(f'\n$ python {shlex.join([os.path.relpath(command[1]), *command[2:]])}\n', flush=True)
    last = deque(maxlen=50)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            last.append(line)
            progress = shorten(line)
            if progress:
                print(f'{name:14}{progress}', flush=True)
    if process.returncode:
        sys.exit(f'{"".join(last)}\nThe demo stopped: the command above ended with code {process.returncode}.')


def run_on_screen(*arguments: str | Path) -> None:
    """Run Python with its own output on screen; if it fails, stop."""
    command = [str(argument) for argument in arguments]
    print(f'\n$ python {shlex.join(command)}\n', flush=True)
    code = subprocess.run([sys.executable, *command], check=False).returncode
    if code:
        sys.exit(f'The demo stopped: the command above ended with code {code}.')


def make_data(folder: Path, quick: bool) -> None:
    """Make the data."""
    sizes = ['--train', '48', '--val', '16', '--test', '16'] if quick else []
    run_on_screen(os.path.relpath(TOOLS / 'dataset_converters' / 'make_demo_data.py'), folder, *sizes)


def answer_pictures(data: Path, work_dir: Path) -> None:
    """Ask the trained model about the test pictures, as its user would."""
    model = ['--model', os.path.relpath(CONFIGS / 'monfap-c_demo.py'), '--weights', work_dir / 'best.pth']
    pictures, out = data / 'images' / 'test_*.jpg', work_dir / 'answers'
    run_on_screen('-m', 'monfap_mm', 'predict', pictures, *model, '--evidence', 'suspect', '--out', out)


def train_and_test(name: str, data: Path, work_dir: Path, show_dir: Path | None = None) -> tuple[dict, Path]:
    """Train a config of ``configs/demo`` and test its best checkpoint.

    Returns:
        The figures on the test set in percent, and the checkpoint.
    """
    config = CONFIGS / f'{name}.py'
    train_dir, test_dir = work_dir / name, work_dir / name / 'test'
    options = ['--cfg-options', *(f'{split}_dataloader.dataset.data_root={data}' for split in ('train', 'val', 'test'))]
    run(name, 'train.py', os.path.relpath(config), '--work-dir', train_dir, *options)
    checkpoint = next(train_dir.glob('best_*.pth'))
    pictures = ['--show-dir', show_dir] if show_dir else []
    run(name, 'test.py', os.path.relpath(config), checkpoint, '--work-dir', test_dir, *pictures, *options)
    figures = read_figures(test_dir)
    return {figure: figures[f'forgery/{figure}'] for figure in PAPER_FIGURES}, checkpoint


def draw_overview(pictures: Path, target: Path, rows: int = 4) -> None:
    """Stack some of the pictures, spread evenly over the test set, into one."""
    paths = sorted(pictures.glob('*.png'))
    chosen = [paths[(2 * row + 1) * len(paths) // (2 * rows)] for row in range(rows)]
    overview = cv2.vconcat([cv2.imread(str(path)) for path in chosen])
    atomic_write(target, cv2.imencode(target.suffix, overview)[1].tobytes())


def summary(metrics: dict, work_dir: Path) -> str:
    """The closing words."""
    rows = {'MoNFAP-C (reduced)': metrics, 'FCN baseline': metrics['fcn_baseline']}
    table = [f'{"on the test images, in %":26}' + ''.join(f'{figure:>8}' for figure in PAPER_FIGURES)]
    table += [f'{name:26}' + ''.join(f'{row[figure]:8.2f}' for figure in PAPER_FIGURES) for name, row in rows.items()]
    return '\n'.join(
        [
            '',
            '=' * 72,
            f'The demo is done, in {metrics["seconds"] / 60:.1f} minutes.',
            '',
            *table,
            '',
            f'figures      {work_dir}/metrics.json',
            f'checkpoint   {work_dir}/best.pth',
            f'pictures     {work_dir}/vis/   image | ground truth | coarse mask | prediction',
            f'             {work_dir}/overview.png   four of them',
            f'answers      {work_dir}/answers/report.html   of "monfap predict" for the test pictures',
            f'             {work_dir}/answers/evidence/   a page for each suspect one',
            '',
            'What to do next:',
            '  - open the report, and a few of the pictures;',
            '  - activate the environment: . .venv/bin/activate',
            '  - put your data into data/ofv2 (lists train.txt, val.txt, test.txt: see README.md) and run',
            '      python tools/train.py configs/monfap/monfap-c_8xb32-40e_ofv2-512x512.py',
            '    or on 8 GPUs',
            '      bash tools/dist_train.sh configs/monfap/monfap-c_8xb32-40e_ofv2-512x512.py 8',
            '=' * 72,
        ]
    )


def main() -> None:
    """Run all steps."""
    args = parse_args()
    start = time.time()
    suffix = '_quick' if args.quick else ''
    data, work_dir = Path('data') / f'demo{suffix}', Path('work_dirs') / f'demo{suffix}'
    print(plan(data, work_dir, args.quick), flush=True)
    shutil.rmtree(work_dir, ignore_errors=True)  # pictures and checkpoints of an earlier demo
    os.environ['PYTHONUNBUFFERED'] = '1'
    # Both models train at the same time, a core each: as fast as one after the other on all cores, and not slowed down
    # many times, as threads that wait for each other are, when something else runs on the machine.
    os.environ['OMP_NUM_THREADS'] = '1'

    make_data(data, args.quick)
    with ThreadPoolExecutor() as pool:
        monfap = pool.submit(train_and_test, 'monfap-c_demo', data, work_dir, show_dir=work_dir / 'vis')
        baseline = pool.submit(train_and_test, 'fcn_demo', data, work_dir)
        metrics, checkpoint = monfap.result()
        metrics['fcn_baseline'], _ = baseline.result()

    with written_aside(work_dir / 'best.pth') as temporary:
        shutil.copyfile(checkpoint, temporary)
    draw_overview(work_dir / 'vis', work_dir / 'overview.png')
    answer_pictures(data, work_dir)
    metrics.update(seconds=round(time.time() - start, 1), versions=versions())
    atomic_write(work_dir / 'metrics.json', json.dumps(metrics, indent=2) + '\n')
    print(summary(metrics, work_dir))


if __name__ == '__main__':
    run_command('run_demo', main)
