"""Scripts of the project, each in a process of its own that has the package's imports already.

Importing PyTorch and mmseg takes 4 s, the work of most tests a part of one. So a server imports them once, and a
process forked from it runs the script: with its own arguments, folder, environment, output and exit code, as from a
shell.
"""

import concurrent.futures.thread
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import torch.multiprocessing

from monfap_mm.protocols import tool_runs

ROOT = Path(__file__).parents[1]

FORKS = multiprocessing.get_context('fork')
PROCESSES = multiprocessing.get_context('forkserver')
PROCESSES.set_forkserver_preload(['monfap_mm.cli', 'monfap_mm.curation', 'monfap_mm.protocols', 'tests.garbage'])


def run_together(work: Callable, arguments: tuple, number: int = 2) -> None:
    """Run ``work(rank, *arguments)`` in several processes at once, which come from the same server.

    A fork of this process would not do: autograd refuses to work in one as soon as a test has used it.
    """
    torch.multiprocessing.start_processes(work, arguments, nprocs=number, start_method='forkserver')


def run_script(script, *arguments, cwd, check=True, timeout=300, **env) -> subprocess.CompletedProcess:
    """Run a script of ``tools``, or of another path, with the package on the path; its output comes back as text."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ('stdout', 'stderr')]
        process = start_script(script, *arguments, cwd=cwd, streams=streams, **env)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(script, timeout)
        done = subprocess.CompletedProcess(script, process.exitcode, *(stream.read_text() for stream in streams))
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def start_script(script, *arguments, cwd, streams: list[Path], background=False, **env) -> BaseProcess:
    """Start a script, which may write to two files.

    In the background it is the leader of a session of its own, for signals, and slower than this process.
    """
    command = [str(ROOT / 'tools' / script), *map(str, arguments)]
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **env}
    process = PROCESSES.Process(target=_go_on, args=(background, command, str(cwd), env, streams))
    process.start()
    return process


def _go_on(background: bool, *arguments) -> None:
    if background:
        os.setsid()
        os.nice(15)
        # What a shell starts in the background, a CI's job for instance, ignores Ctrl-C, and so would what it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _run(*arguments)


def _run(command: list[str], cwd: str, env: dict[str, str], streams: list[Path]) -> None:
    tool_runs.subprocess = SimpleNamespace(run=_run_tool, STDOUT=subprocess.STDOUT)
    for number, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).parent))
    runpy.run_path(command[0], run_name='__main__')


def _run_tool(command: list[str], stdout: TextIO, **options) -> subprocess.CompletedProcess:
    """Stands for ``subprocess.run`` where a script runs a tool: a fork of the script has the imports, too."""
    if command[1] == '-m':
        return subprocess.run(command, stdout=stdout, **options)
    process = FORKS.Process(target=_run_tool_here, args=(command[1:], os.getcwd(), dict(os.environ), [stdout.name] * 2))
    process.start()
    process.join()
    return subprocess.CompletedProcess(command, process.exitcode)


def _run_tool_here(*arguments) -> None:
    # What was one thread of a pool is the main one of the fork, which at its end must not wait for that pool.
    concurrent.futures.thread._threads_queues.clear()
    _run(*arguments)
