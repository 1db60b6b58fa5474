import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from monfap_mm import compat


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
