"""Trainings as processes, with stand-ins for the tools that do in no time what the tools do."""

import json
import os

import pytest
from mmengine.config import Config

from monfap_mm.protocols import NotThereError, ToolError, Training, training_runs

TRAIN = """
import os, signal, sys
from pathlib import Path
config, _, folder, *others = sys.argv[1:]
folder = Path(folder)
with open(folder / 'calls.txt', 'a') as calls:
    print('train', *others, file=calls)
if os.environ.get('KILL'):
    os.kill(os.getpid(), signal.SIGKILL)
(folder / 'best_a_epoch_1.pth').touch()
(folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
"""
TEST = """
import sys
from pathlib import Path
config, checkpoint, _, folder = sys.argv[1:]
with open(Path(config).parent / 'calls.txt', 'a') as calls:
    print('test', Path(checkpoint).name, file=calls)
times = Path(folder) / '20261125_000000'
times.mkdir(parents=True)
(times / '20261125_000000.json').write_text('{"forgery/AUC": 75.5}')
"""


@pytest.fixture
def training(tmp_path):
    (tmp_path / 'train.py').write_text(TRAIN)
    (tmp_path / 'test.py').write_text(TEST)
    (tmp_path / 'list.txt').write_text('x.png\t0\n')
    loader = dict(dataset=dict(type='ForgeryDataset', data_root=str(tmp_path), ann_file='list.txt', pipeline=[]))
    cfg = Config({f'{split}_dataloader': loader for split in ('train', 'val', 'test')} | dict(lr=1))
    return Training(cfg, tmp_path / 'run', tmp_path)


def calls(training) -> list[str]:
    return (training.folder / 'calls.txt').read_text().splitlines()


def test_trained_and_tested_once(training):
    assert training.figures() is None
    for _ in range(2):
        assert training.run() == {'forgery/AUC': 75.5}
    assert calls(training) == ['train --resume', 'test best_a_epoch_1.pth']
    assert training.figures() == {'forgery/AUC': 75.5}
    assert (training.folder / 'config.py').read_text() == training.cfg.pretty_text


def test_the_lists_are_hashed_once(training, monkeypatch):
    hashed = []
    monkeypatch.setattr(training_runs, 'hash_lists', lambda *datasets: hashed.append(len(datasets)) or 'hash')
    for run in (1, 2):
        training.run()
        assert hashed == [3] * run  # the lists of training, validation and test


def test_a_kill_costs_no_training_and_gives_no_advice_to_delete_it(training, monkeypatch):
    monkeypatch.setenv('KILL', '1')
    with pytest.raises(ToolError, match=r'^killed by SIGKILL \(see .*train\.log\)$'):
        training.run()
    assert training.figures() is None
    monkeypatch.delenv('KILL')
    training.run()
    assert calls(training) == ['train --resume', 'train --resume', 'test best_a_epoch_1.pth']


def test_the_newer_of_two_best_checkpoints_is_tested(training):
    training.folder.mkdir()
    (training.folder / 'best_a_epoch_9.pth').touch()
    os.utime(training.folder / 'best_a_epoch_9.pth', (0, 0))
    training.run()
    assert calls(training)[-1] == 'test best_a_epoch_1.pth'


def test_without_a_best_the_last_checkpoint_is_tested(training):
    (training.tools / 'train.py').write_text(TRAIN.replace("(folder / 'best_a_epoch_1.pth').touch()", ''))
    training.run()
    assert calls(training)[-1] == 'test epoch_2.pth'


@pytest.mark.parametrize('kept', ['started.json', 'result.json'])
@pytest.mark.parametrize('change', ['config', 'data'])
def test_another_training_in_the_folder_is_left_alone(training, kept, change):
    training.run()
    if kept == 'started.json':
        (training.folder / 'result.json').unlink()
    before = (training.folder / kept).read_bytes()
    if change == 'config':
        training.cfg.lr = 2
    else:
        (training.tools / 'list.txt').write_text('x.png\t1\n')
    with pytest.raises(ToolError, match='another config or other data: move it away, or name another work dir'):
        training.run()
    assert (training.folder / kept).read_bytes() == before
    assert len(calls(training)) == 2


def test_missing_data_is_named_before_anything_runs(training):
    (training.tools / 'list.txt').unlink()
    with pytest.raises(NotThereError, match=r'no data .*list\.txt'):
        training.run()
    assert not training.folder.exists()


def test_a_failed_test_is_tested_again_without_training_anew(training):
    (training.tools / 'test.py').write_text('raise SystemExit("no room")')
    with pytest.raises(ToolError, match='^no room'):
        training.run()
    assert not (training.folder / 'result.json').exists()
    (training.tools / 'test.py').write_text(TEST)
    training.run()
    result = json.loads((training.folder / 'result.json').read_text())
    assert (result['key'], result['figures']) == (training.key(), {'forgery/AUC': 75.5})
    assert set(result) == {'key', 'seconds', 'figures', 'versions'}
