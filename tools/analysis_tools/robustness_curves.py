"""Test a checkpoint under one perturbation at a time, at growing strength, and draw the curves.

Example:
    python tools/analysis_tools/robustness_curves.py CONFIG CHECKPOINT --out curves

Writes curves.json, curves.csv and curves.png. Points that are in curves.json already are not tested again.
"""

import csv
import io
import json
import math
import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.dist import is_main_process
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.datasets.perturbations import perturb_pipeline
from monfap_mm.engine.launch import (
    base_parser,
    config_from_arguments,
    is_first_process,
    join_cpu_processes,
    require_file,
)
from monfap_mm.evaluation.plain_json import without_nan
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.protocols import hash_lists
from monfap_mm.utils.atomic_write import atomic_write, written_aside
from monfap_mm.utils.provenance import hash_file, hash_text

# Factor -> what its strength is, the strengths from mild to strong, and the perturbation of a strength.
FACTORS = dict(
    jpeg=(
        'JPEG quality',
        (95, 85, 75, 60, 45, 30, 20, 10),
        lambda quality: dict(type='compress', file_format='.jpg', quality=quality),
    ),
    blur=(
        'standard deviation of a Gaussian blur, pixels',
        (0.5, 1, 1.5, 2, 3, 4),
        lambda sigma: dict(type='GaussianBlur', sigma_limit=(sigma, sigma), blur_limit=0),
    ),
    noise=(
        'standard deviation of Gaussian noise, grey levels',
        (2, 5, 10, 15, 25, 40),
        lambda std: dict(type='noise', kind='gaussian', std=std),
    ),
    resize=(
        'scale to which it is shrunk, and enlarged again',
        (0.9, 0.75, 0.5, 0.375, 0.25, 0.125),
        lambda scale: dict(
            type='Downscale', scale_range=(scale, scale), interpolation_pair=dict(downscale=3, upscale=1)
        ),
    ),
)
FIGURES = ('forgery/AUC', 'forgery/F1-f')


def parse_args():
    """Read the command line; returns the parser too, for later errors."""
    parser = base_parser('Test a model under JPEG compression, blur, noise and resizing at growing strength')
    parser.add_argument('checkpoint', help='checkpoint file or address')
    parser.add_argument('--out', help='folder for the curves, default: <work dir>/robustness_curves')
    parser.add_argument('--factors', nargs='+', choices=list(FACTORS), default=list(FACTORS), help='default: all')
    parser.add_argument('--max-images', type=int, help='test on that many images, drawn by chance, always the same')
    args = parser.parse_args()
    if args.max_images is not None and args.max_images < 1:
        parser.error('--max-images must be 1 or more')
    return parser, args


def prepare(cfg: Config, args) -> None:
    """Let the config test the checkpoint, on a part of the images if wanted."""
    cfg.load_from, cfg.resume = args.checkpoint, False
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), dict(type='StrictCheckpointHook')]
    # Workers that live on would go on with the pipeline of the first point.
    cfg.test_dataloader.persistent_workers = False
    if args.max_images:
        init_default_scope(cfg.default_scope)
        size = len(DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': False}))
        chosen = np.random.default_rng(0).choice(size, min(size, args.max_images), replace=False)
        cfg.test_dataloader.dataset.indices = sorted(chosen.tolist())


def identity(cfg: Config, checkpoint: str) -> dict:
    """What the points of a file of curves have in common."""
    tested = dict(model=cfg.model, dataset=cfg.test_dataloader.dataset, evaluator=dict(of=cfg.test_evaluator))
    return dict(
        config=hash_text(Config(tested).pretty_text),
        checkpoint=hash_file(checkpoint) if Path(checkpoint).is_file() else checkpoint,
        lists=hash_lists(cfg.test_dataloader.dataset),
    )


class Curves:
    """The points that have been tested, kept in a file.

    Args:
        path: The JSON file.
        tested: What is tested, see :func:`identity`.

    Raises:
        FileExistsError: If the file has points of another model, checkpoint or data.
    """

    def __init__(self, path: Path, tested: dict):
        self.path = path
        self.content = dict(tested=tested, points=[])
        if path.exists():
            self.content = json.loads(path.read_text())
            if self.content['tested'] != tested:
                raise FileExistsError(f'{path} has points of another config or checkpoint: choose another --out')

    @property
    def points(self) -> list[dict]:
        """One dict per point: factor ('clean' without perturbation), strength, figures by name."""
        return self.content['points']

    def has(self, factor: str, strength: float | None) -> bool:
        """Whether a point has been tested."""
        return any((point['factor'], point['strength']) == (factor, strength) for point in self.points)

    def add(self, factor: str, strength: float | None, figures: dict) -> None:
        """Keep a point; a figure that is not defined is kept as null."""
        figures = without_nan({name: float(value) for name, value in figures.items()})
        self.points.append(dict(factor=factor, strength=strength, figures=figures))
        if is_main_process():
            atomic_write(self.path, json.dumps(self.content, indent=1) + '\n')

    def figure(self, factor: str, name: str) -> list[tuple[float | None, float]]:
        """Pairs of strength and a figure of a factor; NaN where it is not defined."""
        pairs = [(p['strength'], p['figures'][name]) for p in self.points if p['factor'] == factor]
        return [(strength, math.nan if value is None else value) for strength, value in pairs]

    def write_table(self, path: Path) -> None:
        """Write all figures as CSV."""
        names = list(self.points[0]['figures'])
        text = io.StringIO()
        table = csv.writer(text, lineterminator='\n')
        table.writerow(['factor', 'strength', *names])
        for point in self.points:
            values = [point['figures'].get(name) for name in names]
            table.writerow([point['factor'], point['strength'], *values])
        atomic_write(path, text.getvalue())


def run_points(cfg: Config, curves: Curves, factors: list[str]) -> None:
    """Test all points that are missing."""
    wanted = [('clean', None), *((name, strength) for name in factors for strength in FACTORS[name][1])]
    missing = [point for point in wanted if not curves.has(*point)]
    if not missing:
        return
    runner = Runner.from_cfg(cfg)
    pipeline = cfg.test_dataloader.dataset.pipeline
    for number, (factor, strength) in enumerate(missing, start=1):
        runner.logger.info(f'{number} of {len(missing)}: {factor} {"" if strength is None else strength}')
        steps = pipeline
        if strength is not None:
            table = {factor: {factor: FACTORS[factor][2](strength)}}
            steps = perturb_pipeline(pipeline, families=table, severity=1, num=1)
        runner.test_loop.dataloader.dataset.pipeline = Compose(steps)
        figures = runner.test()
        absent = [name for name in FIGURES if name not in figures]
        if absent:
            raise CommandError(f'the evaluator of the config gives no {" and no ".join(absent)}: use ForgeryMetric')
        curves.add(factor, strength, figures)


def draw(curves: Curves, factors: list[str], path: Path) -> None:
    """Draw a row of panels for each figure, a column for each factor; perturbations grow to the right."""
    picture = Figure(figsize=(3.2 * len(factors), 5.2), layout='constrained')
    panels = picture.subplots(len(FIGURES), len(factors), sharey='row', squeeze=False)
    for row, figure in zip(panels, FIGURES):
        ((_, clean),) = curves.figure('clean', figure)
        for panel, factor in zip(row, factors):
            label, strengths, _ = FACTORS[factor]
            by_strength = dict(curves.figure(factor, figure))
            panel.plot([by_strength[strength] for strength in strengths], 'o-', color='#0072b2')
            panel.axhline(clean, color='#666666', linestyle=':', label='clean')
            panel.set_xticks(range(len(strengths)), strengths)
            panel.set_xlabel(label, fontsize=8)
            panel.set_title(factor)
            panel.grid(alpha=0.3)
        row[0].set_ylabel(f'{figure.removeprefix("forgery/")}, %')
        row[0].legend()
    with written_aside(path) as temporary:
        picture.savefig(temporary, dpi=110)


def main() -> None:
    """Test, write and draw."""
    parser, args = parse_args()
    cfg = config_from_arguments(parser, args)
    require_file(parser, args.checkpoint, 'checkpoint')
    out = Path(args.out or os.path.join(cfg.work_dir, 'robustness_curves'))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with only_writer(out) if is_first_process(args.launcher) else nullcontext():
            prepare(cfg, args)
            curves = Curves(out / 'curves.json', identity(cfg, args.checkpoint))
            join_cpu_processes(cfg)
            run_points(cfg, curves, args.factors)
            if is_main_process():
                curves.write_table(out / 'curves.csv')
                draw(curves, args.factors, out / 'curves.png')
                print(f'{len(curves.points)} points in {out}')
    except (ImportError, ValueError, FileExistsError, FileNotFoundError, PermissionError) as error:
        raise CommandError(error) from error


if __name__ == '__main__':
    run_command('robustness_curves', main, 'the same command goes on')
