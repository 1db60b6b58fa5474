"""Time and memory of a model in several forms: what runs, and how it is measured."""

import copy
import ctypes
import multiprocessing
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import BaseContext
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.structures import LabelData, PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList

from ...models import ForgerySegmentor
from .plain_model import has_plain_form, plain_twin

CHECKPOINTED = ('backbone', 'neck', 'decode_head')
MIB = 2**20
_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


@dataclass(frozen=True)
class Setting:
    """What is measured.

    Attributes:
        config: Path of the config.
        mode: 'forward' or 'train'.
        size: Height and width of the images.
        batch: Images in a step.
        device: Where it runs.
        compiled: Whether 'forward' takes the compiled form too.
        checkpointed: Parts in which 'train' takes activation checkpointing as a form; empty for all that can,
            None for no such form.
    """

    config: str
    mode: str
    size: int
    batch: int
    device: str
    compiled: bool = False
    checkpointed: Sequence[str] | None = None


class PartTimer:
    """Seconds spent in each part of a model, by hooks. A part within another counts to the inner one only.

    Args:
        model: A segmentor; it keeps the hooks.
        device: Where it runs.
        by_part: Whether to take the parts apart; if not, all is 'rest'.
    """

    def __init__(self, model: torch.nn.Module, device: str, by_part: bool = True) -> None:
        self.seconds = defaultdict(float)
        self._running = []  # Start of each part that is running, and the seconds of the parts within it.
        self._wait = torch.cuda.synchronize if device.startswith('cuda') else lambda: None
        for name, module in _parts(model) if by_part else ():
            module.register_forward_pre_hook(lambda *_: self._enter())
            module.register_forward_hook(lambda *_, name=name: self._leave(name))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time within to the part ``name``."""
        self._enter()
        yield
        self._leave(name)

    def step(self, run: Callable[[], None]) -> dict[str, float]:
        """Seconds of one step by part, with 'rest' for what is in none."""
        self.seconds.clear()
        with self.part('rest'):
            run()
        return dict(self.seconds)

    def _enter(self) -> None:
        self._wait()
        self._running.append([time.perf_counter(), 0.0])

    def _leave(self, name: str) -> None:
        self._wait()
        start, within = self._running.pop()
        elapsed = time.perf_counter() - start
        self.seconds[name] += elapsed - within
        if self._running:
            self._running[-1][1] += elapsed


def _parts(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Names and modules of the parts that the segmentor has."""
    names = dict(backbone='backbone', projection='projection', neck='neck', head='decode_head')
    for name, attribute in names.items():
        module = getattr(model, attribute, None)
        if module is not None:
            yield name, module
            if hasattr(module, 'coarse_localizer'):
                yield 'localizer', module.coarse_localizer


def build(config: str, device: str) -> torch.nn.Module:
    """The model of a config with random weights, the same each time."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    cfg.model.pop('data_preprocessor', None)
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(cfg.model)).to(device)


def make_steps(setting: Setting) -> dict[str, Callable]:
    """For each form, a function that does one step and returns seconds by part, and all logits if it predicts."""
    model = build(setting.config, setting.device)
    shape = (setting.batch, setting.size, setting.size)
    if hasattr(model, 'example_inputs'):  # a stock segmentor has none
        inputs = model.example_inputs(shape)
    else:
        inputs = torch.randn(setting.batch, 3, *shape[1:], device=setting.device)
    if setting.mode == 'forward':
        return _forward_steps(model, inputs, setting)
    return _train_steps(model, inputs, setting)


def _forward_steps(model: torch.nn.Module, inputs: torch.Tensor, setting: Setting) -> dict[str, Callable]:
    def step(of: torch.nn.Module, timer: PartTimer):
        logits = []
        with torch.no_grad():
            seconds = timer.step(lambda: logits.append(of(inputs, mode='tensor')))
        return seconds, torch.cat([x.flatten() for x in logits[0]])

    model.eval()
    forms = _forms(model)
    if isinstance(model, ForgerySegmentor):
        forms['inference'] = copy.deepcopy(model).to_inference()
        if setting.compiled:
            forms['compiled'] = torch.compile(copy.deepcopy(model).to_inference(), fullgraph=True)
    # A compiled model has no parts any more.
    timers = {form: PartTimer(of, setting.device, by_part=form != 'compiled') for form, of in forms.items()}
    return {form: partial(step, of, timers[form]) for form, of in forms.items()}


def _train_steps(model: torch.nn.Module, inputs: torch.Tensor, setting: Setting) -> dict[str, Callable]:
    samples = [sample.to(setting.device) for sample in _samples(setting.size, setting.batch)]

    def step(of: torch.nn.Module, timer: PartTimer, optimizer: torch.optim.Optimizer, context: Callable):
        def train() -> None:
            with timer.part('losses'):
                losses = of.loss(inputs, samples)
            total, _ = of.parse_losses(losses)
            with timer.part('backward'):
                total.backward()
            with timer.part('update'):
                optimizer.step()

        with context(of):
            seconds = timer.step(train)
        optimizer.zero_grad()
        return seconds, None

    model.train()
    steps = {}
    for form, of in _forms(model).items():
        steps[form] = partial(step, of, PartTimer(of, setting.device), torch.optim.AdamW(of.parameters(), lr=0.0))
    if setting.checkpointed is not None:
        parts = setting.checkpointed or CHECKPOINTED
        steps['with_cp'] = partial(steps['package'], context=partial(checkpointing, parts=parts))
    return {form: partial(one, context=one.keywords.get('context', nullcontext)) for form, one in steps.items()}


def _forms(model: torch.nn.Module) -> dict[str, torch.nn.Module]:
    """The forms of one set of weights that train, the plain one first."""
    forms = dict(package=model)
    return dict(plain=plain_twin(model), **forms) if has_plain_form(model) else forms


def _samples(size: int, batch: int) -> SampleList:
    """Ground truth: every second image is fake, in its first quarter."""
    samples = []
    for label in (i % 2 for i in range(batch)):
        mask = torch.zeros(1, size, size, dtype=torch.long)
        mask[:, : size // 2, : size // 2] = label
        sample = SegDataSample(gt_sem_seg=PixelData(data=mask))
        sample.gt_label = LabelData(label=torch.tensor([label]))
        samples.append(sample)
    return samples


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


def measure(setting: Setting, rounds: int) -> dict[str, dict]:
    """Run all forms of a setting in turn.

    Args:
        setting: What to run.
        rounds: Rounds that count, of memory and of time, each after one to warm up.

    Returns:
        By form 'seconds' (by part, one dict per round), 'peaks' (bytes, one per round; None where
        unknown) and 'logits'.
    """
    # In a process of its own, whose memory has no holes that something else left.
    with ProcessPoolExecutor(1, mp_context=fresh_processes(setting.device)) as pool:
        peaks = pool.submit(peaks_of_setting, setting, rounds).result()
    timed = time_steps(make_steps(setting), rounds)
    return {form: dict(values, peaks=peaks[form]) for form, values in timed.items()}


def fresh_processes(device: str) -> BaseContext:
    """Processes that have done nothing but import this module: once, in a server, where they can be its forks."""
    if device != 'cpu' or 'forkserver' not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context('spawn')  # CUDA does not survive a fork
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    return context


def time_steps(steps: dict[str, Callable], rounds: int) -> dict[str, dict]:
    """Seconds by part of each form, one dict per round, and the logits of its first step."""
    measured = {form: dict(seconds=[], logits=step()[1]) for form, step in steps.items()}
    for _ in range(rounds):
        for form, step in steps.items():
            measured[form]['seconds'].append(step()[0])
    return measured


def peaks_of_setting(setting: Setting, rounds: int) -> dict[str, list[int | None]]:
    """Run in a process of its own: :func:`measure_peaks` of all forms."""
    give_freed_arrays_back()
    return measure_peaks(make_steps(setting), rounds, setting.device)


def measure_peaks(steps: dict[str, Callable], rounds: int, device: str) -> dict[str, list[int | None]]:
    """Bytes that a step of each form adds at its peak, one per round."""
    for step in steps.values():
        step()
    peaks = {form: [] for form in steps}
    for _ in range(rounds):
        for form, step in steps.items():
            peaks[form].append(peak_bytes(step, device))
    return peaks


def give_freed_arrays_back() -> None:
    """Let glibc return freed arrays at once, or what it keeps for later would count as used."""
    with suppress(OSError, AttributeError):  # another system, which tells no peaks either
        ctypes.CDLL('libc.so.6').mallopt(_M_MMAP_THRESHOLD, MIB)


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
