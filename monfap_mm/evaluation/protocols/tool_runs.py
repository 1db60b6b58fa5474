"""Running the tools as processes of their own, so that one that breaks takes nothing else with it."""

import json
import os
import subprocess
import sys
from pathlib import Path


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
