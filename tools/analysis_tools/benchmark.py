"""Time and memory of models by part, beside a plain implementation of the same equations with the same weights.

Forms that are compared, one after the other in every round, so that whatever else the machine does meets all alike:

- plain: tests/plain_model.py, every expert and image by itself, every pixel projected;
- package: the model as it is trained;
- inference: the model after to_inference().

A model without parts of this package, such as a SegFormer for scale, is measured in the form 'package' alone. Times
are medians over the rounds, ratios are medians of the ratios within a round. A training step is forward, losses,
backward and an AdamW update that changes nothing (learning rate 0), without data loading. Memory is what a step adds at
its peak, the median over as many rounds again. With --compile the form 'compiled' (torch.compile of the inference form)
is measured beside them, and with --with-cp the form 'with_cp' (the package's with activation checkpointing in the parts
that it names, or in all).

    python tools/analysis_tools/benchmark.py CONFIG [CONFIG ...] --sizes 512 --batches 1 8 --out DIR
"""

import argparse
import copy
import ctypes
import itertools
import json
import os
import platform
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from prettytable import PrettyTable, TableStyle

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.command import run_command
from monfap_mm.utils.atomic_write import atomic_write

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
try:
    from tests.plain_model import has_plain_form, plainly
    from tests.samples import make_samples
except ModuleNotFoundError:
    sys.exit(f'benchmark: the plain reference is in tests/ of a checkout, and {ROOT} is none: run the tool from there')

MODES = ('forward', 'train')
CHECKPOINTED = ('backbone', 'neck', 'decode_head')
MIB = 2**20
_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


@dataclass(frozen=True)
class Result:
    """A line of the report.

    Attributes:
        config: Name of the config.
        mode: 'forward' or 'train'.
        size: Height and width of the images.
        batch: Images.
        form: 'plain', 'package', 'inference', 'compiled' or 'with_cp'.
        milliseconds: Median time of a step.
        images_per_second: ``batch`` over that time.
        faster: How many times as fast as the plain form; None without plain form.
        peak_mib: Memory that a step adds at its peak, in MiB; None where the system does not tell.
        leaner: How many times less memory than the plain form adds; None without either.
        difference: Largest difference of a logit from the plain form's.
        parts: Median milliseconds by part.
    """

    config: str
    mode: str
    size: int
    batch: int
    form: str
    milliseconds: float
    images_per_second: float
    faster: float | None
    peak_mib: float | None
    leaner: float | None
    difference: float | None
    parts: dict[str, float]


class PartTimer:
    """Seconds spent in each part of a model. A part within another counts to the inner one only.

    Args:
        model (nn.Module): A segmentor; its parts' methods are wrapped for good.
        device (str): Where it runs.
        by_part (bool): Whether to take the parts apart; if not, all is 'rest'.
    """

    def __init__(self, model: torch.nn.Module, device: str, by_part: bool = True) -> None:
        self.seconds = defaultdict(float)
        self._inner = []  # Seconds of the inner parts, an entry for each part that is running.
        self._wait = torch.cuda.synchronize if device.startswith('cuda') else lambda: None
        for name, module, method in _methods_of_parts(model) if by_part else ():
            self._wrap(name, module, method)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time within to the part ``name``."""
        self._wait()
        self._inner.append(0.0)
        start = time.perf_counter()
        yield
        self._wait()
        elapsed = time.perf_counter() - start
        self.seconds[name] += elapsed - self._inner.pop()
        if self._inner:
            self._inner[-1] += elapsed

    def step(self, run: Callable[[], None]) -> dict[str, float]:
        """Seconds of one step by part, with 'rest' for what is in none."""
        self.seconds.clear()
        with self.part('rest'):
            run()
        return dict(self.seconds)

    def _wrap(self, name: str, module: torch.nn.Module, method: str) -> None:
        def timed(*args, **kwargs):
            with self.part(name):
                # Looked up at each call: the plain form changes the class.
                return getattr(type(module), method)(module, *args, **kwargs)

        setattr(module, method, timed)


def _methods_of_parts(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, str]]:
    """Name, module and method of each part that the segmentor has."""
    head = model.decode_head
    yield 'backbone', model.backbone, 'forward'
    if getattr(model, 'projection', None) is not None:
        yield 'projection', model.projection, 'forward'
    if model.with_neck:
        yield 'neck', model.neck, 'forward_all' if hasattr(model.neck, 'forward_all') else 'forward'
    if hasattr(head, 'coarse_localizer'):
        yield 'localizer', head.coarse_localizer, 'forward'
    yield 'head', head, 'forward_all' if hasattr(head, 'forward_all') else 'forward'
    yield 'losses', head, 'loss'


def build(config: str, device: str) -> torch.nn.Module:
    """The model of a config with random weights."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    cfg.model.pop('data_preprocessor', None)
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(cfg.model)).to(device)


def forward_steps(
    model: torch.nn.Module, inputs: torch.Tensor, device: str, compiled: bool = False
) -> dict[str, Callable]:
    """For each form, a function that predicts once and returns seconds by part and all logits."""

    def step(of: torch.nn.Module, timer: PartTimer, context: Callable):
        logits = []
        with torch.no_grad(), context(of):
            seconds = timer.step(lambda: logits.append(of(inputs, mode='tensor')))
        return seconds, torch.cat([x.flatten() for x in logits[0]])

    model.eval()
    forms = _forms(model)
    if hasattr(model, 'to_inference'):
        forms['inference'] = (copy.deepcopy(model).to_inference(), nullcontext)
        if compiled:
            forms['compiled'] = (torch.compile(copy.deepcopy(model).to_inference(), fullgraph=True), nullcontext)
    # The plain form is the same module as the package's: one timer for both.
    # A compiled model has no parts any more.
    timers = {of: PartTimer(of, device, by_part=form != 'compiled') for form, (of, _) in forms.items()}
    return {form: lambda of=of, context=context: step(of, timers[of], context) for form, (of, context) in forms.items()}


def train_steps(
    model: torch.nn.Module, inputs: torch.Tensor, device: str, checkpointed: Sequence[str] | None = None
) -> dict[str, Callable]:
    """For each form, a function that trains a step and returns seconds by part, and None."""
    size, labels = tuple(inputs.shape[2:]), [i % 2 for i in range(len(inputs))]
    samples = [sample.to(device) for sample in make_samples(size, labels)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0)
    timer = PartTimer(model, device)
    model.train()

    def train() -> None:
        total, _ = model.parse_losses(model.loss(inputs, samples))
        with timer.part('backward'):
            total.backward()
        with timer.part('update'):
            optimizer.step()

    def step(context: Callable):
        with context(model):
            seconds = timer.step(train)
        optimizer.zero_grad()
        return seconds, None

    forms = _forms(model)
    if checkpointed is not None:
        forms['with_cp'] = (model, partial(checkpointing, parts=checkpointed or CHECKPOINTED))
    return {form: lambda context=context: step(context) for form, (_, context) in forms.items()}


@contextmanager
def checkpointing(model: torch.nn.Module, parts: Sequence[str]) -> Iterator[None]:
    """Within the context whatever can compute intermediate results again, in some parts of the model, does so."""
    inner = [module for part in parts if hasattr(model, part) for module in getattr(model, part).modules()]
    able = [module for module in inner if getattr(module, 'with_cp', None) is False]
    for module in able:
        module.with_cp = True
    try:
        yield
    finally:
        for module in able:
            module.with_cp = False


def _forms(model: torch.nn.Module) -> dict[str, tuple[torch.nn.Module, Callable]]:
    """The forms of one set of weights, with the context in which each is computed."""
    forms = dict(package=(model, nullcontext))
    return dict(plain=(model, plainly), **forms) if has_plain_form(model) else forms


def measure(steps: dict[str, Callable], rounds: int, device: str) -> dict[str, dict]:
    """Run all forms in turn.

    Args:
        steps (dict[str, Callable]): By form, see :func:`forward_steps`.
        rounds (int): Rounds that count, of memory and of time, each after one to warm up.
        device (str): Where they run.

    Returns:
        dict[str, dict]: By form 'seconds' (by part, one dict a round), 'peaks' (bytes, one a round; None where
        unknown) and 'logits'.
    """
    # Memory first, before the arrays of the timed rounds leave holes in what the process has of the system.
    with returning_free_memory():
        measured = {form: dict(seconds=[], peaks=[], logits=step()[1]) for form, step in steps.items()}
        for _ in range(rounds):
            for form, step in steps.items():
                measured[form]['peaks'].append(peak_bytes(step, device))
    for step in steps.values():
        step()
    for _ in range(rounds):
        for form, step in steps.items():
            measured[form]['seconds'].append(step()[0])
    return measured


@contextmanager
def returning_free_memory() -> Iterator[None]:
    """Let glibc give freed arrays back at once, or what it keeps for later would count as used."""
    try:
        set_option = ctypes.CDLL('libc.so.6').mallopt
    except (OSError, AttributeError):
        yield
        return
    set_option(_M_MMAP_THRESHOLD, MIB)
    try:
        yield
    finally:
        set_option(
            _M_MMAP_THRESHOLD, 32 * MIB
        )  # The largest; glibc's own rule leads there after the first large array.


def peak_bytes(step: Callable, device: str) -> int | None:
    """Memory that a step adds at its peak: of the allocator on a GPU, resident on Linux, else None."""
    if device.startswith('cuda'):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return torch.cuda.max_memory_allocated() - before
    try:
        ctypes.CDLL('libc.so.6').malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')  # The peak starts anew from what is resident now.
    except OSError:
        return None
    before = _status('VmRSS')
    step()
    return _status('VmHWM') - before


def _status(key: str) -> int:
    return 1024 * int(re.search(rf'{key}:\s+(\d+)', Path('/proc/self/status').read_text())[1])


def summarize(measured: dict[str, dict], **setting) -> list[Result]:
    """Medians and ratios of what :func:`measure` returned; ``setting`` has config, mode, size and batch."""
    plain = measured.get('plain')
    results = []
    for form, values in measured.items():
        totals = [sum(seconds.values()) for seconds in values['seconds']]
        milliseconds = 1e3 * median(totals)
        peak = _median_peak(values)
        faster = leaner = difference = None
        if plain is not None:
            faster = median(sum(a.values()) / b for a, b in zip(plain['seconds'], totals))
            leaner = _median_peak(plain) / peak if peak else None
            if values['logits'] is not None:
                difference = (values['logits'] - plain['logits']).abs().max().item()
        results.append(
            Result(
                **setting,
                form=form,
                milliseconds=milliseconds,
                images_per_second=1e3 * setting['batch'] / milliseconds,
                faster=faster,
                peak_mib=None if peak is None else peak / MIB,
                leaner=leaner,
                difference=difference,
                parts={part: 1e3 * median(s[part] for s in values['seconds']) for part in values['seconds'][0]},
            )
        )
    return results


def _median_peak(values: dict) -> float | None:
    return None if None in values['peaks'] else median(values['peaks'])


def markdown(results: list[Result], machine: dict) -> str:
    """The report: what was run where, and a table a mode."""
    lines = [f'- {key}: {value}' for key, value in machine.items()]
    for mode in MODES:
        rows = [result for result in results if result.mode == mode]
        if not rows:
            continue
        parts = list(dict.fromkeys(part for row in rows for part in row.parts))
        table = PrettyTable(
            [
                'config',
                'size',
                'batch',
                'form',
                'ms',
                'images/s',
                'x as fast',
                'peak MiB',
                'x as lean',
                'logits differ by',
            ]
            + [f'{part} ms' for part in parts]
        )
        table.set_style(TableStyle.MARKDOWN)
        for row in rows:
            cells = [row.config, row.size, row.batch, row.form, _text(row.milliseconds, '.1f')]
            cells += [_text(row.images_per_second, '.2f'), _text(row.faster, '.2f'), _text(row.peak_mib, '.0f')]
            cells += [_text(row.leaner, '.2f'), _text(row.difference, '.0e')]
            table.add_row(cells + [_text(row.parts.get(part), '.1f') for part in parts])
        lines += ['', f'**{mode}**', '', table.get_string()]
    return '\n'.join(lines) + '\n'


def _text(value: float | None, spec: str) -> str:
    return '' if value is None else format(value, spec)


def describe_machine(device: str) -> dict[str, str]:
    """What the figures hold for."""
    name = torch.cuda.get_device_name() if device.startswith('cuda') else platform.processor() or platform.machine()
    load = f'{os.getloadavg()[0]:.1f}' if hasattr(os, 'getloadavg') else 'unknown'
    return {
        'command': 'python ' + ' '.join(sys.argv),
        'date': datetime.now().isoformat(timespec='minutes'),
        'device': f'{device} ({name}), {torch.get_num_threads()} threads of {os.cpu_count()} cores, load {load}',
        'torch': torch.__version__,
    }


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--modes', nargs='+', choices=MODES, default=list(MODES), help='default: both')
    parser.add_argument('--sizes', nargs='+', type=int, default=[256], help='height and width; default: 256')
    parser.add_argument('--batches', nargs='+', type=int, default=[1, 4], help='images a step; default: 1 and 4')
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
        parser.error('--sizes must be at least 64: batch norm cannot train on one value a channel')
    return args


def main() -> None:
    """Measure, print the tables and write them after every setting."""
    args = parse_args()
    machine, results = describe_machine(args.device), []
    for config, mode, size, batch in itertools.product(args.configs, args.modes, args.sizes, args.batches):
        inputs = torch.randn(batch, 3, size, size, device=args.device)
        make_steps, extra = (forward_steps, args.compile) if mode == 'forward' else (train_steps, args.with_cp)
        steps = make_steps(build(config, args.device), inputs, args.device, extra)
        measured = measure(steps, args.rounds, args.device)
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
