"""Running a converter as a user would, and killing it on the way."""

import os
import runpy
import signal
import subprocess
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.scripts import ROOT, run_script, start_script

CONVERTERS = ROOT / 'tools/dataset_converters'


def convert(name, *arguments, cwd, check=True) -> subprocess.CompletedProcess:
    """Run ``tools/dataset_converters/<name>.py``."""
    return run_script(f'dataset_converters/{name}.py', *arguments, cwd=cwd, check=check)


def convert_here(monkeypatch, name, *arguments) -> int:
    """Run it in this process, which saves the imports; returns the exit code."""
    monkeypatch.setattr('sys.argv', [f'{name}.py', *map(str, arguments)])
    try:
        runpy.run_path(str(CONVERTERS / f'{name}.py'), run_name='__main__')
    except SystemExit as stop:
        return stop.code
    return 0


def start(name, *arguments, cwd) -> BaseProcess:
    """Start a converter in the background; it tells what went wrong in the file ``stderr`` of its folder."""
    streams = [Path(os.devnull), Path(cwd, 'stderr')]
    return start_script(f'dataset_converters/{name}.py', *arguments, cwd=cwd, streams=streams, background=True)


def stop_halfway(process: BaseProcess, number: int, manifest: Path, lines: int) -> None:
    """Send a signal as soon as the manifest has so many lines.

    SIGINT goes to all processes, as Ctrl-C does; any other one to the parent alone, whose workers must notice.
    """
    deadline = time.monotonic() + 120
    while not manifest.exists() or manifest.read_bytes().count(b'\n') < lines:
        assert process.exitcode is None, 'it ended too early: the file stderr in its folder says why'
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    process.join(timeout=60)


def kill_halfway(name, *arguments, cwd, manifest: Path, lines: int) -> None:
    """Start a converter, and kill it (not its workers) as soon as its manifest has so many lines."""
    stop_halfway(start(name, *arguments, cwd=cwd), signal.SIGKILL, manifest, lines)
