"""The command as it is installed: in a process of its own, which has imported nothing yet."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.version import __version__

ROOT = Path(__file__).parents[1]
HEAVY = {'torch', 'mmengine', 'mmcv', 'mmseg', 'numpy', 'cv2', 'matplotlib', 'rich'}
# What the script that pip makes of the entry point does.
SCRIPT = 'import sys\nfrom monfap_command import main\nsys.exit(main())'
IMPORTED = 'import time:'


def run(folder: Path, *arguments: str, **env: str) -> tuple[subprocess.CompletedProcess, set[str]]:
    """Run the command; returns the process and the packages that it has imported."""
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **env}
    command = [sys.executable, '-X', 'importtime', '-c', SCRIPT, *arguments]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=300)
    lines = done.stderr.splitlines()
    modules = [line.rpartition('|')[2].strip() for line in lines if line.startswith(IMPORTED)]
    done.stderr = '\n'.join(line for line in lines if not line.startswith(IMPORTED))
    return done, {module.partition('.')[0] for module in modules}


@pytest.mark.parametrize(
    ('arguments', 'code', 'shown'),
    [
        ('--help', 0, 'predict'),
        ('--version', 0, __version__),
        ('predict --help', 0, 'predictions.jsonl'),
        ('serve --help', 0, '--allow-host'),
        ('', 2, 'monfap predict photos --out answers'),
        ('nonsense', 2, "invalid choice: 'nonsense'"),
        ('predict photos --model x', 2, 'required: --out'),
        ('predict photos --model x --out y --mode z', 2, "invalid choice: 'z'"),
    ],
)
def test_what_needs_no_model_comes_at_once(arguments, code, shown, tmp_path):
    """0.2 s of a processor, whatever else the machine does; importing PyTorch and mmseg takes 4 s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done, modules = run(tmp_path, *arguments.split())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == code, done.stderr
    assert shown in (done.stderr if code else done.stdout)
    assert not modules & HEAVY
    assert seconds < 1


def test_a_verb_registers_the_package(tmp_path):
    config = str(ROOT / 'configs' / 'demo' / 'monfap-c_demo.py')
    done, modules = run(tmp_path, 'predict', 'x.jpg', '--model', config, '--weights', 'x.pth', '--out', 'y')
    assert done.returncode == 2
    assert 'there is no checkpoint x.pth' in done.stderr  # so the model was built
    assert modules >= HEAVY


def test_importing_the_package_registers_it():
    """For configs, mim and ``init_default_scope``, whose processes know nothing of the command."""
    code = "import monfap_mm\nfrom mmseg.registry import MODELS\nassert 'MoNFAP' in MODELS"
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], env=env, check=True, timeout=300)


def test_three_examples_for_those_who_ask_for_nothing(tmp_path):
    shown = run(tmp_path)[0].stderr
    examples = [line for line in shown.partition('examples\n')[2].splitlines() if line.startswith('  monfap ')]
    assert [line.split()[1] for line in examples] == ['info', 'predict', 'serve']


@pytest.mark.parametrize(
    ('typed', 'expected'),
    [
        ('monfap ', {'predict', 'merge', 'serve', 'tool', 'info'}),
        ('monfap pre', {'predict'}),
        ('monfap predict --ev', {'--every', '--evidence'}),
        ('monfap predict x --evidence ', {'suspect', 'all'}),
    ],
)
def test_the_shell_completes(typed, expected, tmp_path):
    """As argcomplete's script for bash asks; what follows a word is a space or nothing."""
    pytest.importorskip('argcomplete')
    asked = dict(COMP_LINE=typed, COMP_POINT=str(len(typed)), COMP_TYPE='9', _ARGCOMPLETE='1', _ARGCOMPLETE_IFS='\n')
    done, modules = run(tmp_path, **asked, _ARGCOMPLETE_STDOUT_FILENAME=str(tmp_path / 'words'))
    assert done.returncode == 0, done.stderr
    words = {word.strip() for word in (tmp_path / 'words').read_text().split('\n')}
    assert words >= expected
    assert not modules & HEAVY


def fresh(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess:
    """Python code in a process of its own, in which Python shows warnings as it does to everybody."""
    env = {name: value for name, value in os.environ.items() if name != 'PYTHONWARNINGS'}
    env |= dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    command = [sys.executable, '-c', source, *arguments]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=300)


def test_the_import_says_nothing(tmp_path):
    done = fresh(tmp_path, 'import monfap_mm')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.parametrize('source', ['config', 'file'])
def test_no_warning_of_a_dependency_reaches_who_asks_for_an_answer(source, onnx_model, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), noise)
    weights = ['--weights', onnx_model.weights, '--device', 'cpu'] if source == 'config' else []
    model = getattr(onnx_model, source)
    done = fresh(tmp_path, SCRIPT, 'predict', 'a.png', '--model', model, *weights, '--out', 'out', '--evidence', 'all')
    assert done.returncode == 0, done.stderr
    assert 'warn' not in (done.stdout + done.stderr).lower()
    assert str(Path(np.__file__).parents[1]) not in done.stderr  # where all dependencies lie
