"""Learning curves of trainings: figures on the validation set by epoch, and the training loss, as CSV and picture.

Reads what MMEngine writes to a work dir, all parts of a resumed training included.

Example:
    python tools/analysis_tools/learning_curves.py work_dirs/a work_dirs/b --out curves.png
"""

import argparse
import csv
import io
import json
from pathlib import Path

from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter1d

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.evaluation.curves import COLORS, DPI, LINE_STYLES, PANEL_INCHES
from monfap_mm.utils.atomic_write import atomic_write, written_aside

DEFAULT_FIGURES = ('forgery/AUC', 'forgery/F1-f')
SMOOTHING = 5  # logged losses that a drawn one is the mean of


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Draw and tabulate the learning curves of one or more trainings.')
    parser.add_argument('work_dirs', nargs='+', type=Path, help='work dirs of trainings')
    parser.add_argument('--names', nargs='+', help='names of the trainings, default: those of the folders')
    parser.add_argument('--figures', nargs='+', default=DEFAULT_FIGURES, help='default: ' + ' '.join(DEFAULT_FIGURES))
    parser.add_argument('--out', type=Path, default=Path('curves.png'), help='picture; the CSV goes beside it')
    args = parser.parse_args()
    args.out = args.out if args.out.suffix else args.out.with_suffix('.png')
    args.names = args.names or [folder.name for folder in args.work_dirs]
    if len(set(args.names)) != len(args.work_dirs):
        parser.error(f'{len(args.work_dirs)} trainings need as many different names, got {args.names}')
    return args


def read_scalars(work_dir: Path) -> tuple[dict[int, dict], dict[int, float]]:
    """What a training logged; where a step was done twice, the later figures count.

    Args:
        work_dir: Its folder.

    Returns:
        The figures on the validation set by epoch, and the training loss by iteration.

    Raises:
        FileNotFoundError: If nothing was logged there.
    """
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(f'{work_dir} has no logs of a training (<time>/vis_data/scalars.json)')
    # A last line without an end was cut off by a kill.
    lines = [line for path in files for line in path.read_text().splitlines(keepends=True) if line.endswith('\n')]
    entries = [json.loads(line) for line in lines]
    losses = {entry['step']: entry['loss'] for entry in entries if 'loss' in entry}
    figures = {entry['step']: entry for entry in entries if any(key.startswith('forgery/') for key in entry)}
    return dict(sorted(figures.items())), dict(sorted(losses.items()))


def draw(curves: dict[str, tuple[dict, dict]], keys: list[str], path: Path) -> None:
    """One panel for each figure and one for the loss, a line for each training."""
    canvas = Figure(figsize=(PANEL_INCHES * (len(keys) + 1), PANEL_INCHES), layout='constrained')
    *panels, loss_panel = canvas.subplots(1, len(keys) + 1)
    for number, (name, (figures, losses)) in enumerate(curves.items()):
        style = dict(color=COLORS[number % len(COLORS)], linestyle=LINE_STYLES[number % len(LINE_STYLES)], label=name)
        for panel, key in zip(panels, keys):
            panel.plot(list(figures), [entry.get(key, float('nan')) for entry in figures.values()], marker='o', **style)
        loss_panel.plot(list(losses), uniform_filter1d(list(losses.values()), SMOOTHING), **style)
    for panel, title in zip([*panels, loss_panel], [*(f'validation: {key} (%)' for key in keys), 'training loss']):
        panel.set(title=title, xlabel='iteration' if panel is loss_panel else 'epoch')
        panel.grid(alpha=0.3)
    loss_panel.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as temporary:
        canvas.savefig(temporary, dpi=DPI)


def write_csv(curves: dict[str, tuple[dict, dict]], path: Path) -> None:
    """Every figure of every validation: training, epoch, figure, value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['training', 'epoch', 'figure', 'value'])
    for name, (figures, _) in curves.items():
        for epoch, entry in figures.items():
            writer.writerows(
                [name, epoch, key, f'{value:.4f}'] for key, value in entry.items() if key.startswith('forgery/')
            )
    atomic_write(path, text.getvalue())


def main() -> None:
    """Read, draw, tabulate."""
    args = parse_args()
    try:
        curves = {name: read_scalars(folder) for name, folder in zip(args.names, args.work_dirs)}
    except FileNotFoundError as error:
        raise CommandError(error) from error
    entries = [entry for figures, _ in curves.values() for entry in figures.values()]
    known = sorted({key for entry in entries for key in entry if key.startswith('forgery/')})
    keys = [key if key.startswith('forgery/') else f'forgery/{key}' for key in args.figures]
    if unknown := [key for key in keys if key not in known]:
        raise CommandError(f'no training has {", ".join(unknown)}; there are {", ".join(known)}')
    draw(curves, keys, args.out)
    write_csv(curves, args.out.with_suffix('.csv'))
    print(f'{args.out} and {args.out.with_suffix(".csv")}')


if __name__ == '__main__':
    run_command('learning_curves', main)
