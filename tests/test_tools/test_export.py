import importlib.util
import sys

import pytest

from monfap_mm.cli.command import exit_code
from monfap_mm.deployment import CheckError
from monfap_mm.jobs.folder_lock import only_writer

from .conftest import ROOT, tool


@pytest.fixture
def export():
    spec = importlib.util.spec_from_file_location('export_tool', ROOT / 'tools' / 'deployment' / 'export.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Exported:
    """Stands for an export, which takes its time."""

    size, difference = (64, 96), 2.4e-6

    def benchmark(self, shape):
        return dict(eager=20.0, exported=sum(shape), ratio=1.5)


def run(export, monkeypatch, *options):
    def export_model(config, checkpoint, out, half_weights, card):
        out.write_bytes(bytes(3 * 2**20) if card is None else card.encode() + bytes([half_weights]))
        return Exported()

    monkeypatch.setattr(export, 'export_model', export_model)
    monkeypatch.setattr(sys, 'argv', ['export.py', 'config.py', 'x.pth', *options])
    export.main()


def test_it_says_what_it_made(export, monkeypatch, tmp_path, capsys):
    run(export, monkeypatch, str(tmp_path / 'x.onnx'))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith('x.onnx: 3.0 MiB in 0 s, outputs within 2.4e-06 of the model')


@pytest.mark.parametrize(
    ('options', 'shape'), [([], '1 x 64 x 96 x 3'), (['--batch', '8', '--size', '32', '48'], '8 x 32 x 48 x 3')]
)
def test_benchmark(options, shape, export, monkeypatch, tmp_path, capsys):
    run(export, monkeypatch, str(tmp_path / 'x.onnx'), '--benchmark', *options)
    assert f'\n{shape}: 20.0 ms by PyTorch, ' in capsys.readouterr().out


def test_two_exports_do_not_write_one_file(export, monkeypatch, tmp_path, capsys):
    with only_writer(tmp_path / 'x.onnx'):
        assert exit_code('export', lambda: run(export, monkeypatch, str(tmp_path / 'x.onnx'))) == 2
        assert f'export: Another run is at work in {tmp_path}/x.onnx' in capsys.readouterr().err
        run(export, monkeypatch, str(tmp_path / 'y.onnx'))
    assert [path.name for path in tmp_path.iterdir()] == ['y.onnx']


def test_half_weights_and_a_card(export, monkeypatch, tmp_path, capsys):
    (tmp_path / 'card.md').write_text('für alle', encoding='utf-8')
    run(export, monkeypatch, str(tmp_path / 'x.onnx'), '--half-weights', '--card', str(tmp_path / 'card.md'))
    assert (tmp_path / 'x.onnx').read_bytes() == 'für alle'.encode() + b'\1'
    options = (str(tmp_path / 'y.onnx'), '--card', str(tmp_path / 'none.md'))
    assert exit_code('export', lambda: run(export, monkeypatch, *options)) == 2
    assert 'none.md' in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told_before_the_work(export, monkeypatch, tmp_path, capsys):
    assert exit_code('export', lambda: run(export, monkeypatch, str(tmp_path / 'no' / 'x.onnx'))) == 2
    assert capsys.readouterr().err == f'export: there is no folder {tmp_path}/no\n'


def test_a_failed_check_is_no_traceback(export, monkeypatch, capsys):
    def export_model(*_):
        raise CheckError('mask_logits differs')

    monkeypatch.setattr(export, 'export_model', export_model)
    monkeypatch.setattr(sys, 'argv', ['export.py', 'config.py', 'x.pth', 'x.onnx'])
    assert exit_code('export', export.main) == 2
    assert capsys.readouterr().err == 'export: mask_logits differs\n'


def test_what_is_wrong_is_said_in_a_line(tmp_path):
    done = tool('deployment/export.py', 'no.py', 'no.pth', 'x.engine', cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'export: the file must end with .onnx or .pt2, got x.engine\n'
