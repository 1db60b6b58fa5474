"""Time and memory of models by part, beside a plain implementation of the same equations with the same weights.

Forms that are compared, one after the other in every round, so that whatever else the machine does meets all alike:

- plain: monfap_mm/deployment/speed/plain_model.py, every expert and image by itself, every pixel projected;
- package: the model as it is trained;
- inference: the model after to_inference().

A model without parts of this package, such as a SegFormer for scale, is measured in the form 'package' alone. Times
are medians over the rounds, ratios are medians of the ratios within a round. A training step is forward, losses,
backward and an AdamW update that changes nothing (learning rate 0), without data loading. Memory is what a step adds at
its peak, in a process of its own, the median over as many rounds again. With --compile the form 'compiled'
(torch.compile of the inference form) is measured beside them, and with --with-cp the form 'with_cp' (the package's with
activation checkpointing in the parts that it names, or in all).

    python tools/analysis_tools/benchmark.py CONFIG [CONFIG ...] --sizes 512 --batches 1 8 --out DIR
"""

import argparse
import itertools
import json
from dataclasses import asdict
from pathlib import Path

from mmengine.device import get_device

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.command import run_command
from monfap_mm.deployment.speed.measuring import CHECKPOINTED, Setting, measure
from monfap_mm.deployment.speed.reporting import Result, describe_machine, markdown, summarize
from monfap_mm.utils.atomic_write import atomic_write

MODES = ('forward', 'train')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--modes', nargs='+', choices=MODES, default=list(MODES), help='default: both')
    parser.add_argument('--sizes', nargs='+', type=int, default=[256], help='height and width; default: 256')
    parser.add_argument('--batches', nargs='+', type=int, default=[1, 4], help='images per step; default: 1 and 4')
    parser.add_argument('--rounds', type=int, default=3, help='rounds that count; default: 3')
    parser.add_argument('--compile', action='store_true', help='also measure torch.compile of the inference form')
    parser.add_argument(
        '--with-cp',
        nargs='*',
        choices=CHECKPOINTED,
        help='also measure training with activation checkpointing, in these parts or in all',
    )
    parser.add_argument('--device', default=get_device(), help='default: a GPU where there is one, else cpu')
    parser.add_argument('--out', type=Path, metavar='DIR', help='folder for benchmark.json and benchmark.md')
    args = parser.parse_args()
    missing = [config for config in args.configs if not Path(config).is_file()]
    if missing:
        parser.error(f'there is no config file {missing[0]} (looked in {Path.cwd()})')
    if min(args.batches + [args.rounds]) < 1:
        parser.error('--batches and --rounds must be at least 1')
    if min(args.sizes) < 64:
        parser.error('--sizes must be at least 64: batch norm cannot train on one value per channel')
    return args


def main() -> None:
    """Measure, print the tables and write them after every setting."""
    args = parse_args()
    machine, results = describe_machine(args.device), []
    for config, mode, size, batch in itertools.product(args.configs, args.modes, args.sizes, args.batches):
        setting = Setting(config, mode, size, batch, args.device, args.compile, args.with_cp)
        measured = measure(setting, args.rounds)
        results += summarize(measured, config=Path(config).stem, mode=mode, size=size, batch=batch)
        write(args.out, results, machine)
    print(markdown(results, machine))


def write(folder: Path | None, results: list[Result], machine: dict) -> None:
    """Write both files, so that what is measured is there even if a later setting fails."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    content = dict(machine=machine, results=[asdict(result) for result in results])
    atomic_write(folder / 'benchmark.json', json.dumps(content, indent=1) + '\n')
    atomic_write(folder / 'benchmark.md', markdown(results, machine))


if __name__ == '__main__':
    run_command('benchmark', main)
