"""What an answer of a system costs, each system in a process of its own."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from statistics import median

from .counting import count
from .measuring import MIB, Setting, fresh_processes, give_freed_arrays_back, make_steps, measure_peaks, time_steps


@dataclass(frozen=True)
class Cost:
    """Of one image.

    Attributes:
        parameters: Millions.
        flops: GFLOPs, a multiply-add being one.
        milliseconds: Median time of an answer.
        peak_mib: Memory that an answer adds at its peak, in MiB; None where the system does not tell.
    """

    parameters: float
    flops: float
    milliseconds: float
    peak_mib: float | None


def cost_of(config: str, size: int, device: str, rounds: int) -> Cost | str:
    """Measure a system in a process of its own, so that one that breaks takes nothing else with it.

    Args:
        config: Path of the config.
        size: Height and width of the image.
        device: Where it runs.
        rounds: Rounds that count, of memory and of time, each after one to warm up.

    Returns:
        The cost, or in a line why there is none.
    """
    with ProcessPoolExecutor(1, mp_context=fresh_processes(device)) as pool:
        try:
            return pool.submit(_measure, config, size, device, rounds).result()
        except BrokenProcessPool:
            return 'killed, as a process is for which there is not enough memory'
        except Exception as error:  # of whatever system
            return f'{type(error).__name__}: {error}'.splitlines()[0]


def _measure(config: str, size: int, device: str, rounds: int) -> Cost:
    give_freed_arrays_back()
    steps = make_steps(Setting(config, 'forward', size, 1, device))
    # As it answers: a stock segmentor has no inference form.
    form = 'inference' if 'inference' in steps else 'package'
    step = {form: steps[form]}
    peaks = measure_peaks(step, rounds, device)[form]
    seconds = time_steps(step, rounds)[form]['seconds']
    parameters, flops = count(config, (size, size))['whole']
    return Cost(
        parameters=parameters,
        flops=flops,
        milliseconds=1e3 * median(sum(parts.values()) for parts in seconds),
        peak_mib=None if None in peaks else median(peaks) / MIB,
    )
