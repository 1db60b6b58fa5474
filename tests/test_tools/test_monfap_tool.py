"""mmseg's tools, and ours, by ``monfap tool``: with our classes registered and, here, under mmcv-lite."""

import time

import cv2
import pytest
import torch
from mmengine.config import Config

from .conftest import COUNTS, tool

COMMAND = 'import sys\nfrom monfap_mm.cli import main\nsys.exit(main())\n'


@pytest.fixture(scope='module')
def monfap(tmp_path_factory):
    """Runs ``monfap tool``."""
    command = tmp_path_factory.mktemp('command') / 'monfap'
    command.write_text(COMMAND)

    def run(*arguments, cwd, **options):
        return tool(command, 'tool', *arguments, cwd=cwd, **options)

    return run


def test_print_config(monfap, config, tmp_path):
    done = monfap('print_config', config, '--cfg-options', 'train_cfg.max_epochs=7', cwd=tmp_path)
    assert 'decode_head=dict(' in done.stdout
    assert Config.fromfile(tmp_path / 'example.py').train_cfg.max_epochs == 7


def test_print_config_finds_ours_by_name(monfap, tmp_path):
    (tmp_path / 'own.py').write_text("_base_ = 'monfap_mm::demo/monfap-c_demo.py'")
    assert "type='MoNFAP'" in monfap('print_config', 'own.py', cwd=tmp_path).stdout


@pytest.mark.parametrize('name', ['browse_dataset', 'misc/browse_dataset'])
def test_browse_dataset(name, monfap, config, data, tmp_path):
    monfap(name, config, '--output-dir', 'pictures', '--not-show', cwd=tmp_path)
    pictures = sorted((tmp_path / 'pictures').rglob('*.png'))
    assert len(pictures) == COUNTS['train']
    shapes = {cv2.imread(str(picture)).shape for picture in pictures}
    assert len(shapes) == 1
    assert shapes.pop()[0] >= 256  # our visualizer's panels


def test_get_flops(monfap, config, tmp_path):
    """Ours: mmseg's own, with any model, calls MMEngine 0.10.7 in a way that it refuses."""
    shown = monfap('get_flops', config, '--shape', 64, 64, cwd=tmp_path).stdout
    (whole,) = (line.split('|') for line in shown.splitlines() if ' whole ' in line)
    assert float(whole[3]) == pytest.approx(2.44, abs=0.005)  # millions of parameters
    assert 'FLOPs (G) at 64x64' in shown


def test_publish_model(monfap, trained, tmp_path):
    monfap('publish_model', trained / 'epoch_1.pth', 'small.pth', cwd=tmp_path)
    deadline = time.monotonic() + 60  # mmseg starts mv, and does not wait for it
    while not (found := list(tmp_path.glob('small-????????.pth'))) and time.monotonic() < deadline:
        time.sleep(0.1)
    checkpoint = torch.load(found[0], weights_only=True)
    assert 'optimizer' not in checkpoint
    assert checkpoint['state_dict']


def test_analyze_logs(monfap, trained, tmp_path):
    pytest.importorskip('seaborn')
    (log,) = trained.glob('*/vis_data/scalars.json')
    monfap('analyze_logs', log, '--keys', 'forgery/AUC', '--out', 'curve.png', '--backend', 'agg', cwd=tmp_path)
    assert cv2.imread(str(tmp_path / 'curve.png')) is not None


def test_arguments_and_exit_codes_are_those_of_the_tool(monfap, config, tmp_path):
    done = monfap('train', 'missing.py', cwd=tmp_path, check=False)
    assert (done.returncode, 'there is no config file missing.py' in done.stderr) == (2, True)
    assert '--training-form' in monfap('test', '--help', cwd=tmp_path).stdout
