"""The light distribution: the files of the full one, of which those that answer work where there is no PyTorch."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import pytest

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.distribution import IS_FULL

from .test_apis.test_inferencer import picture

ROOT = Path(__file__).parents[1]
# Python's search for packages finds none of these, as if they were not installed.
WITHOUT_TORCH = """
import sys
from importlib.machinery import PathFinder

MISSING = {'torch', 'torchvision', 'mmengine', 'mmcv', 'mmseg', 'mmpretrain', 'sklearn', 'onnx', 'onnxscript', 'regex'}


class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition('.')[0] in MISSING else super().find_spec(name, path, target)


# An editable installation has a finder of its own, which would find the full package.
others = [finder for finder in sys.meta_path if finder is not PathFinder and 'editable' not in str(finder)]
sys.meta_path = [*others, Finder]
"""


@pytest.fixture(scope='module')
def light(tmp_path_factory) -> Path:
    """The light package, unpacked."""
    folder = tmp_path_factory.mktemp('light')
    command = ['pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--wheel-dir', str(folder), str(ROOT)]
    subprocess.run([sys.executable, '-m', *command], check=True, env=os.environ | dict(MONFAP_LITE='1'))
    (wheel,) = folder.glob('monfap_mm_lite-*.whl')
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def run_without_torch(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess:
    env = os.environ | dict(PYTHONPATH=str(folder), OMP_NUM_THREADS='1')
    command = [sys.executable, '-c', WITHOUT_TORCH + code, *arguments]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)


def test_it_requires_onnx_runtime_and_no_torch(light):
    (metadata,) = light.glob('monfap_mm_lite-*/METADATA')
    lines = metadata.read_text().splitlines()
    required = {
        re.match('[\\w-]+', line.removeprefix('Requires-Dist: '))[0] for line in lines if 'Requires-Dist' in line
    }
    assert {'onnxruntime', 'numpy', 'opencv-python-headless'} <= required
    assert not required & {'torch', 'mmengine', 'mmsegmentation', 'opencv-python', 'onnx'}
    assert {line for line in lines if 'Provides-Extra' in line} == {
        'Provides-Extra: video',
        'Provides-Extra: completion',
        'Provides-Extra: heif',
        'Provides-Extra: web',
    }


PREDICT = "from monfap_mm.cli import main\nsys.exit(main(['predict', *sys.argv[1:]]))"


# The rooms that answer, and what in them is there for PyTorch.
ANSWERING = ('apis', 'cli', 'jobs', 'media', 'model_files', 'structures', 'utils', 'visualization', 'web')
FOR_TORCH = {
    'apis.torch_backend',
    'model_files.conversion',
    'model_files.loading',
    'structures.scores',
    'utils.file_names',
    'utils.state_dicts',
    'visualization.forgery_visualizer',
}


def test_every_module_that_answers_imports_without_torch(light):
    package = light / 'monfap_mm'
    modules = {
        '.'.join(path.relative_to(package).with_suffix('').parts).removesuffix('.__init__')
        for room in ANSWERING
        for path in (package / room).rglob('*.py')
    }
    assert {'cli.predict', 'apis.onnx_backend', *ANSWERING, *FOR_TORCH} <= modules
    code = 'import importlib\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\nprint(sys.modules.keys())'
    done = run_without_torch(code, *(f'monfap_mm.{name}' for name in modules - FOR_TORCH), folder=light)
    assert done.returncode == 0, done.stderr
    assert "'torch'" not in done.stdout


@pytest.mark.parametrize('distribution', ['light', 'full'])
def test_it_predicts(distribution, light, onnx_model, tmp_path):
    """Also the files of the full package do, where there is no PyTorch."""
    cv2.imwrite(str(tmp_path / 'x.png'), picture())
    folder = light if distribution == 'light' else ROOT
    arguments = [str(tmp_path / 'x.png'), '--model', onnx_model.file, '--out', str(tmp_path / 'out')]
    done = run_without_torch(PREDICT, *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / 'out' / 'predictions.jsonl').read_text().splitlines()
    (expected,) = ForgeryInferencer(onnx_model.config, onnx_model.weights, 'cpu')(picture())
    assert json.loads(line)['score'] == pytest.approx(expected.score, abs=1e-3)
    assert (tmp_path / 'out' / json.loads(line)['files']['overlay']).is_file()


def test_it_sends_those_with_a_config_to_the_full_package(light, onnx_model, tmp_path):
    arguments = ['x.png', '--model', onnx_model.config, '--weights', onnx_model.weights, '--out', str(tmp_path / 'out')]
    done = run_without_torch(PREDICT, *arguments, folder=light)
    assert done.returncode == 2
    assert 'need PyTorch and the full package, pip install . in the folder of the source' in done.stderr


def test_it_tells_where_it_runs(light):
    done = run_without_torch("from monfap_mm.cli import main\nsys.exit(main(['info']))", folder=light)
    assert done.returncode == 0, done.stderr
    assert f'{os.cpu_count()} cores' in done.stdout
    assert '.onnx files; configs and checkpoints need PyTorch' in done.stdout


@pytest.mark.parametrize('missing', ['torch', 'mmengine'])
def test_a_broken_installation_is_not_taken_for_the_light_one(missing):
    code = f"MISSING.intersection_update(['{missing}'])\nimport monfap_mm"
    done = run_without_torch(code, folder=ROOT)
    assert done.returncode == 1
    assert f"ModuleNotFoundError: No module named '{missing}'" in done.stderr
    assert IS_FULL


def test_pytorch_alone_does_not_make_it_the_full_one():
    """Many machines have PyTorch for something else."""
    done = run_without_torch("MISSING.discard('torch')\nimport monfap_mm.cli\nprint(sys.modules.keys())", folder=ROOT)
    assert done.returncode == 0, done.stderr
    assert "'torch'" not in done.stdout
