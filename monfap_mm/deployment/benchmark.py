"""How long an exported model takes beside the model itself."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from .comparison import Runner, answers_of
from .export import ExportForm


def benchmark(form: ExportForm, run: Runner, shape: tuple[int, int, int], rounds: int = 20) -> dict[str, float]:
    """Latency of a batch, both in turns, so that whatever else the machine does meets both.

    Args:
        form: The model, on the CPU.
        run: The exported one.
        shape: Batch, height and width of the pictures.
        rounds: Rounds that count, after two to warm up.

    Returns:
        Median milliseconds of 'eager' and 'exported', and 'ratio', the median of eager / exported within a round.
    """
    images = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    size, seconds = np.array(shape[1:], np.int64), []
    for _ in range(rounds + 2):
        seconds.append((_time(lambda: answers_of(form, images, size)), _time(lambda: run(images, size))))
    eager, exported = zip(*seconds[2:])
    ratio = median(a / b for a, b in zip(eager, exported))
    return dict(eager=1e3 * median(eager), exported=1e3 * median(exported), ratio=ratio)


def _time(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
