"""Running the tools as processes of their own, so that one that breaks takes nothing else with it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from ..jobs.errors import JobError
from ..jobs.folder_lock import only_writer

Key = TypeVar('Key', bound=Hashable)
Result = TypeVar('Result')


class ToolError(RuntimeError):
    """A tool ended with an error; the message says which, and where the rest is."""


# What a traceback ends with, also of one of several processes.
_ERROR = re.compile(r'(\[rank\d+]: )?[\w.]*(Error|Exception|Exit)\b')


def run_tool(script: Path, *arguments: str | Path, log: Path, processes: int = 1) -> None:
    """Run a tool, with its output in a file. While it runs, no other one runs with a log in the same folder.

    Args:
        script: ``tools/train.py`` or ``tools/test.py``.
        *arguments: Its arguments.
        log: File for its output; made anew.
        processes: Number of processes (GPUs); more than one are started by ``torchrun``.

    Raises:
        ToolError: If it ends with another code than 0, or the folder of the log is in use.
    """
    command = [sys.executable, str(script), *map(str, arguments)]
    if processes > 1:
        torchrun = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}']
        command = [sys.executable, *torchrun, *command[1:], '--launcher', 'pytorch']
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with only_writer(log.parent) as lock, log.open('w') as stream:
            # The tool inherits the lock, which holds for as long as the tool lives, even if this process is killed.
            options = dict(stdout=stream, stderr=subprocess.STDOUT, check=False, pass_fds=[lock])
            done = subprocess.run(command, **options)
    except JobError as error:
        raise ToolError(f'{error} A tool that outlived a kill of its run is at work there too.') from error
    if done.returncode:
        reason = _reason(done.returncode, log.read_text(errors='replace'))
        raise ToolError(f'{reason} (see {os.path.relpath(log)})')


def _reason(returncode: int, output: str) -> str:
    if returncode < 0:
        return f'killed by {signal.Signals(-returncode).name}'
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # Only from tracebacks; that of torchrun comes last and says nothing.
    errors = [line for line in lines if _ERROR.match(line) and 'ChildFailedError' not in line]
    errors = errors if 'Traceback' in output else []
    return (errors or lines or [f'ended with code {returncode}'])[-1]


def read_figures(folder: Path) -> dict[str, float]:
    """The figures that the last test in a work dir has written.

    Raises:
        FileNotFoundError: If there are none.
    """
    files = sorted(folder.glob('*/*.json'))
    if not files:
        raise FileNotFoundError(f'No test has written figures to {folder}')
    # Each of several processes writes this file, one over the other: the end of a longer one may be left behind.
    return json.JSONDecoder().raw_decode(files[-1].read_text())[0]


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
