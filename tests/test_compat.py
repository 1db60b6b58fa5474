import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from monfap_mm import compat  # isort: skip  (patches what comes next)
from mmengine.hub import get_config, get_model


def roundtrip(value, tmp_path):
    torch.save(value, tmp_path / 'checkpoint.pth')
    return torch.load(tmp_path / 'checkpoint.pth', weights_only=True)


def test_log_histories_and_numpy_scalars_load(tmp_path):
    history = HistoryBuffer()
    history.update(1.5)
    history.update(np.float64(2.5))
    loaded = roundtrip(dict(history=history, best=np.float32(0.5), step=np.int64(3), done=np.bool_(True)), tmp_path)
    assert loaded['history'].mean() == 2.0
    assert loaded['history'].statistics('max') == 2.5
    assert (loaded['best'], loaded['step'], loaded['done']) == (0.5, 3, True)


def test_log_histories_load_in_a_fresh_process(tmp_path):
    torch.save(HistoryBuffer([1.0], [1]), tmp_path / 'history.pth')
    code = 'import sys, torch; from monfap_mm import compat; print(torch.load(sys.argv[1], weights_only=True).mean())'
    command = [sys.executable, '-W', 'ignore', '-c', code, str(tmp_path / 'history.pth')]
    done = subprocess.run(command, check=True, timeout=120, stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == '1.0'


class Bomb:
    def __reduce__(self):
        return exec, ('raise SystemExit("executed")',)


class Lookup:
    def __reduce__(self):
        return getattr, (torch.nn.Module, '__init__')


@pytest.mark.parametrize('harm', [Bomb(), Lookup()])
def test_nothing_else_loads(harm, tmp_path):
    with pytest.raises(Exception, match='exec|look up|weights') as error:
        roundtrip(harm, tmp_path)
    assert 'executed' not in str(error.value)


def test_missing_operator_says_what_to_do():
    if not compat.provide_mmcv_ext():
        pytest.skip('the full mmcv is installed: there is no stand-in')
    from mmcv.ops import sigmoid_focal_loss

    with pytest.raises(RuntimeError, match='compiled code of the full mmcv'):
        sigmoid_focal_loss(torch.rand(2, 2), torch.zeros(2, dtype=torch.long))


def test_mmengine_is_not_told_that_mmcv_is_complete():
    if not compat.provide_mmcv_ext():
        pytest.skip('the full mmcv is installed: there is no stand-in')
    from mmengine.utils.dl_utils.misc import mmcv_full_available

    assert not mmcv_full_available()


def test_stand_in_steps_aside_for_the_full_mmcv(tmp_path):
    """With an importable mmcv._ext the real module is used."""
    code = (
        'import mmcv, sys; mmcv.__path__.append(sys.argv[1]); from monfap_mm import compat; '
        'assert not compat.provide_mmcv_ext(); import mmcv._ext; assert mmcv._ext.real == 1'
    )
    (tmp_path / '_ext.py').write_text('real = 1\n__getattr__ = lambda name: (lambda *a: None)\n')
    subprocess.run([sys.executable, '-c', code, str(tmp_path)], check=True, timeout=120)


OWN = 'monfap_mm::demo/fcn_demo.py'


def test_a_base_config_of_this_package(tmp_path):
    (tmp_path / 'mine.py').write_text(f'_base_ = {OWN!r}\ntrain_cfg = dict(max_epochs=3)\n')
    cfg = Config.fromfile(tmp_path / 'mine.py')
    assert (cfg.train_cfg.max_epochs, cfg.train_cfg.type, cfg.model.type) == (
        3,
        'EpochBasedTrainLoop',
        'EncoderDecoder',
    )
    assert type(HOOKS.build(cfg.default_hooks.checkpoint)).__name__ == 'SafeCheckpointHook'


def test_other_packages_are_found_as_before(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mmseg::_base_/schedules/schedule_20k.py'\n")
    assert Config.fromfile(tmp_path / 'mine.py').train_cfg.max_iters == 20000
    assert get_config('mmseg::_base_/schedules/schedule_20k.py').train_cfg.max_iters == 20000


def test_hub_finds_own_configs():
    assert get_config(OWN).model.decode_head.type == 'FCNHead'
    with pytest.raises(ValueError, match='no weights are published yet'):
        get_config(OWN, pretrained=True)


def test_hub_builds_own_models():
    model = get_model(OWN, init_cfg=dict(type='Constant', layer='Conv2d', val=0.5))
    assert (type(model).__name__, type(model.decode_head).__name__) == ('EncoderDecoder', 'FCNHead')
    assert model.init_cfg['val'] == 0.5
    with pytest.raises(ValueError, match='no weights are published yet'):
        get_model(OWN, pretrained=True)


def test_a_mistyped_config_is_named_with_a_similar_one():
    with pytest.raises(
        FileNotFoundError, match=r'no config monfap_mm::demo/fcn_deno.py.*did you mean monfap_mm::demo/fcn_demo.py'
    ):
        get_config('monfap_mm::demo/fcn_deno.py')


def test_loaders_do_without_workers_and_without_a_second_option():
    loader = Config.fromfile(compat.own_config(OWN)).train_dataloader
    assert loader.persistent_workers
    loader.update(num_workers=0, dataset=[0, 1], pin_memory=False)
    built = Runner.build_dataloader(loader)
    assert (built.num_workers, built.persistent_workers) == (0, False)
    loader.num_workers = 1
    assert Runner.build_dataloader(loader).persistent_workers


def test_the_import_asks_the_internet_nothing():
    code = (
        'import urllib.request; calls = []\n'
        'urllib.request.OpenerDirector.open = lambda self, request, *args, **kwargs: calls.append(request)\n'
        'import monfap_mm; print(calls)'
    )
    command = [sys.executable, '-W', 'ignore', '-c', code]
    done = subprocess.run(command, check=True, timeout=120, stdout=subprocess.PIPE, text=True)
    assert done.stdout.splitlines()[-1] == '[]'


def test_the_user_may_let_albumentations_ask(monkeypatch):
    monkeypatch.setenv('NO_ALBUMENTATIONS_UPDATE', '0')
    compat.keep_albumentations_quiet()
    assert os.environ['NO_ALBUMENTATIONS_UPDATE'] == '0'
