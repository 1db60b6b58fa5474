"""Running a converter as a user would, and killing it on the way."""

import os
import runpy
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.scripts import ROOT, run_script

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


def start(name, *arguments, cwd) -> subprocess.Popen:
    """Start a converter in a session of its own, and slower than this process, which has to stop it in time."""
    command = ['nice', '-n', '15', sys.executable, str(CONVERTERS / f'{name}.py'), *map(str, arguments)]
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    pipe = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # What a shell starts in the background, a CI's job for instance, ignores Ctrl-C, and so would what it starts.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, preexec_fn=listen, **pipe)


def stop_halfway(process: subprocess.Popen, number: int, manifest: Path, lines: int) -> None:
    """Send a signal as soon as the manifest has so many lines.

    SIGINT goes to all processes, as Ctrl-C does; any other one to the parent alone, whose workers must notice.
    """
    deadline = time.monotonic() + 120
    while not manifest.exists() or manifest.read_bytes().count(b'\n') < lines:
        assert process.poll() is None, f'it ended too early: {process.stderr.read()}'
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    process.wait(timeout=60)


def kill_halfway(name, *arguments, cwd, manifest: Path, lines: int) -> None:
    """Start a converter, and kill it (not its workers) as soon as its manifest has so many lines."""
    stop_halfway(start(name, *arguments, cwd=cwd), signal.SIGKILL, manifest, lines)
