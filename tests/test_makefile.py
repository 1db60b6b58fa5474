"""What ``make`` would do: setting up takes minutes and the network, so its commands are looked at, not run."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
# ``make test`` hands its own flags and variables down to what it starts.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith('MAKE') and key != 'MFLAGS'}


def make(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(['make', '--dry-run', *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)


def commands(folder: Path, *arguments: str) -> list[str]:
    done = make(f'VENV={folder}', *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def index_of(lines: list[str], text: str) -> int:
    return next(number for number, line in enumerate(lines) if text in line)


def test_torch_without_cuda_comes_first_from_its_own_index(tmp_path):
    lines = commands(tmp_path, 'setup', 'TORCH=cpu', 'TORCH_INDEX=https://example.org/cpu')
    pins, torch, rest = (index_of(lines, text) for text in ('torch.txt', '--index-url', '-r requirements.txt'))
    assert pins < torch < rest
    assert f'--index-url https://example.org/cpu -r {tmp_path}/torch.txt' in lines[torch]
    subprocess.run(lines[pins], shell=True, cwd=ROOT, check=True)
    names = [line.partition('==')[0] for line in (tmp_path / 'torch.txt').read_text().splitlines()]
    assert names == ['torch', 'torchvision']  # with the versions of requirements.txt, which pip then finds installed


def test_the_usual_torch_comes_from_the_usual_index(tmp_path):
    assert not any('--index-url' in line for line in commands(tmp_path, 'setup'))


def test_another_torch_is_refused(tmp_path):
    done = make('setup', 'TORCH=gpu')
    assert done.returncode == 2
    assert 'TORCH=gpu: it is cpu, or left out' in done.stderr


def test_the_demo_says_what_it_will_do_before_it_sets_up(tmp_path):
    lines = commands(tmp_path, 'demo')
    assert 'Demo: sets up' in lines[0]
    assert 'tools/run_demo.py' in lines[-1]
