"""``monfap predict`` on an ONNX file."""

import json
import shutil

import pytest

from monfap_mm.cli import main
from monfap_mm.utils.provenance import hash_file

from .answered import answers


@pytest.fixture
def photo(data, tmp_path):
    return str(shutil.copy(data / 'b.png', tmp_path / 'b.png'))


@pytest.mark.parametrize('options', [[], ['--backend', 'onnx'], ['--mode', 'slide']])
def test_it_answers_as_the_model(options, photo, onnx_model, tmp_path):
    assert main(['predict', photo, '--model', onnx_model.file, '--out', str(tmp_path / 'onnx'), *options]) == 0
    options = options if '--mode' in options else []
    of_torch = ['--model', onnx_model.config, '--weights', onnx_model.weights, '--device', 'cpu', '--backend', 'torch']
    assert main(['predict', photo, *of_torch, '--out', str(tmp_path / 'torch'), *options]) == 0
    (found,), (expected,) = (answers(tmp_path / name).values() for name in ('onnx', 'torch'))
    assert found['score'] == pytest.approx(expected['score'], abs=1e-3)
    assert found['gates'].keys() == expected['gates'].keys()
    assert json.loads((tmp_path / 'onnx' / 'run.json').read_text())['weights'] == hash_file(onnx_model.file)


def test_answers_of_another_file_are_not_resumed(photo, onnx_model, tmp_path, capsys):
    out = str(tmp_path / 'out')
    of_torch = ['--model', onnx_model.config, '--weights', onnx_model.weights, '--device', 'cpu']
    assert main(['predict', photo, *of_torch, '--out', out]) == 0
    assert main(['predict', photo, '--model', onnx_model.file, '--out', out, '--resume']) == 2
    assert 'other settings (weights' in capsys.readouterr().err


def test_arguments_that_contradict_are_refused(photo, onnx_model, tmp_path, capsys):
    out = ['--out', str(tmp_path / 'out')]
    assert main(['predict', photo, '--model', onnx_model.file, '--backend', 'torch', *out]) == 2
    assert "runs with backend 'onnx'" in capsys.readouterr().err
    assert main(['predict', photo, '--model', onnx_model.file, '--weights', onnx_model.weights, *out]) == 2
    assert 'holds its weights' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
