"""Running the tools as processes of their own, so that one that breaks takes nothing else with it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

Key = TypeVar('Key', bound=Hashable)
Result = TypeVar('Result')


class ToolError(RuntimeError):
    """A tool ended with an error; the message is the last line that it said, and where the rest is."""


def run_tool(script: Path, *arguments: str | Path, log: Path, processes: int = 1) -> None:
    """Run a tool, with its output in a file.

    Args:
        script: ``tools/train.py`` or ``tools/test.py``.
        *arguments: Its arguments.
        log: File for its output; made anew.
        processes: Number of processes (GPUs); more than one are started by ``torchrun``.

    Raises:
        ToolError: If it ends with another code than 0.
    """
    command = [sys.executable, str(script), *map(str, arguments)]
    if processes > 1:
        torchrun = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}']
        command = [sys.executable, *torchrun, *command[1:], '--launcher', 'pytorch']
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('w') as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = [line.strip() for line in log.read_text(errors='replace').splitlines() if line.strip()]
        raise ToolError(f'{lines[-1] if lines else f"ended with code {done.returncode}"} (see {os.path.relpath(log)})')


def read_figures(folder: Path) -> dict[str, float]:
    """The figures that the last test in a work dir has written.

    Raises:
        FileNotFoundError: If there are none.
    """
    files = sorted(folder.glob('*/*.json'))
    if not files:
        raise FileNotFoundError(f'No test has written figures to {folder}')
    return json.loads(files[-1].read_text())


def run_jobs(
    jobs: Mapping[Key, Callable[[], Result]], workers: int, report: Callable[[Key, Result | Exception], None]
) -> tuple[dict[Key, Result], dict[Key, Exception]]:
    """Run jobs side by side; one that fails does not stop the others.

    Args:
        jobs: What to call, by key.
        workers: How many at the same time.
        report: Called with each key and its result, or the exception, as soon as it is there.

    Returns:
        The results and the exceptions by key, in the order of the jobs.
    """
    outcomes = {}
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(job): key for key, job in jobs.items()}
        try:
            for future in as_completed(futures):
                key = futures[future]
                outcomes[key] = future.exception() or future.result()
                report(key, outcomes[key])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    failed = {key: outcomes[key] for key in jobs if isinstance(outcomes[key], Exception)}
    return {key: outcomes[key] for key in jobs if key not in failed}, failed
