"""tools/train.py and tools/test.py, as a user calls them."""

import os
import re
import runpy
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from monfap_mm.evaluation.results_file import read_results
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.protocols import read_figures
from monfap_mm.visualization.panels import CAPTION_HEIGHT, GAP, MIN_WIDTH

from .conftest import COUNTS, ROOT, run, tool

FIGURES = [f'forgery/{name}' for name in ('ACC', 'AUC', 'F1-f', 'IoU-f')]


ALWAYS_FLIP = [
    dict(type='LoadForgeryImage'),
    dict(type='RandomFlip', prob=1.0),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]


def scores_of(path) -> list[float]:
    """P(fake) of each image in a file of --out."""
    return [record.score for record in read_results(str(path))[0]]


def figures(work_dir) -> dict:
    written = read_figures(work_dir)
    return {name: written[name] for name in FIGURES}


def error_of(monkeypatch, capsys, name, *arguments) -> str:
    """What a tool says about arguments that it refuses before it does any work."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_training_keeps_the_best_checkpoint(trained):
    assert (trained / 'epoch_1.pth').is_file()
    assert len(list(trained.glob('best_forgery_IoU-f_epoch_1.pth'))) == 1


def test_resume_goes_on_from_the_latest_checkpoint(trained, config, tmp_path):
    work_dir = shutil.copytree(trained, tmp_path / 'again')
    log = tool(
        *('train.py', config, '--work-dir', work_dir, '--resume', '--cfg-options', 'train_cfg.max_epochs=2'),
        cwd=tmp_path,
    ).stdout
    assert 'resumed epoch: 1' in log
    assert 'Epoch(train) [2]' in log
    assert 'Epoch(train) [1]' not in log
    assert (work_dir / 'epoch_2.pth').is_file()


KILLED_IN_A_CHECKPOINT = """
import os, runpy, signal, sys
from mmengine.fileio import LocalBackend

number, *sys.argv = sys.argv[1:]
put, count = LocalBackend.put, 0


def put_half(self, obj, filepath):
    global count
    count += str(filepath).endswith('.pth')
    if count == int(number):
        put(self, obj[: len(obj) // 2], filepath)
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, obj, filepath)


LocalBackend.put = put_half
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_a_kill_in_a_checkpoint_of_the_shipped_config(config, tmp_path):
    """Half-way through that of the second epoch, where one is kept."""
    arguments = ['train.py', config, '--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=2']
    (tmp_path / 'kill.py').write_text(KILLED_IN_A_CHECKPOINT)
    command = [tmp_path / 'kill.py', 4, ROOT / 'tools' / arguments[0], *arguments[1:]]
    assert tool(*command, cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    assert torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['meta']['epoch'] == 1
    assert len(list(tmp_path.glob('.writing-*.pth'))) == 1
    log = tool(*arguments, '--resume', cwd=tmp_path).stdout
    assert 'resumed epoch: 1' in log
    assert {path.name for path in tmp_path.glob('*.pth') if not path.name.startswith('best')} == {'epoch_2.pth'}
    assert len(list(tmp_path.glob('best_*.pth'))) == 1
    assert not list(tmp_path.glob('.writing-*'))


def test_two_trainings_do_not_share_a_folder(config, trained, tmp_path):
    work_dir = shutil.copytree(trained, tmp_path / 'again')
    before = {path.name for path in work_dir.glob('*.pth')}
    with only_writer(work_dir / 'last_checkpoint'):
        done = tool('train.py', config, '--work-dir', work_dir, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert 'train: Another run is at work in' in done.stderr
    assert {path.name for path in work_dir.glob('*.pth')} == before


@pytest.mark.parametrize('name', ['scores.jsonl', 'masks'])
def test_two_tests_do_not_write_to_one_place(name, config, trained, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'new' / name
    (tmp_path / 'new').mkdir()
    if name == 'masks':
        out.mkdir()
    arguments = ['test.py', config, trained / 'epoch_1.pth', '--out', out, '--work-dir', tmp_path / 'work']
    monkeypatch.chdir(tmp_path)
    with only_writer(out):
        said = error_of(monkeypatch, capsys, 'test.py', *arguments[1:])
    assert f'test: Another run is at work in {out}' in said
    assert not list(tmp_path.rglob('*.part*'))


def test_out_that_is_a_file_where_a_folder_should_be(config, trained, tmp_path, monkeypatch, capsys):
    (tmp_path / 'masks').write_text('mine')
    arguments = (config, trained / 'epoch_1.pth', '--out', tmp_path / 'masks', '--work-dir', tmp_path / 'work')
    assert 'cannot write to' in error_of(monkeypatch, capsys, 'test.py', *arguments)
    assert (tmp_path / 'masks').read_text() == 'mine'


def test_out_and_show_dir_hold_every_prediction(tested):
    names = {f'test{i}.png' for i in range(COUNTS['test'])}
    assert {path.name for path in (tested / 'pictures').iterdir()} == names

    predictions = read_results(str(tested / 'predictions.jsonl'))[0]
    labels = [record.label for record in predictions]
    scores = scores_of(tested / 'predictions.jsonl')
    found = figures(tested / 'figures')
    assert len(predictions) == COUNTS['test']
    assert found['forgery/AUC'] == pytest.approx(100 * roc_auc_score(labels, scores))
    correct = sum((score > 0.5) == label for score, label in zip(scores, labels))
    assert found['forgery/ACC'] == pytest.approx(100 * correct / len(labels))


def test_mmseg_browses_our_datasets(config, tmp_path):
    """Two panels a sample: what the training pipeline makes of it, and its ground truth."""
    script = Path(mmseg.__file__).parent / '.mim' / 'tools' / 'analysis_tools' / 'browse_dataset.py'
    # Beside mmcv-lite, mmseg's own scripts can be imported only after monfap_mm.
    (tmp_path / 'browse.py').write_text(
        f'import runpy, monfap_mm; runpy.run_path({str(script)!r}, run_name="__main__")'
    )
    tool(tmp_path / 'browse.py', config, '--not-show', '--output-dir', 'browsed', cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / 'browsed').iterdir()) == [
        f'train{i}.png' for i in range(COUNTS['train'])
    ]
    drawn = cv2.imread(str(tmp_path / 'browsed' / 'train1.png'))
    truth = drawn[CAPTION_HEIGHT:-GAP, -GAP - MIN_WIDTH : -GAP]
    # A quarter of the picture is fake: 32 of 64 pixels either way.
    assert (truth == 255).mean() == pytest.approx(0.25, abs=0.01)


def test_folded_and_unfolded_models_score_alike(trained, tested, config, tmp_path):
    unfolded = ('--training-form', '--out', 'unfolded.jsonl')
    log = tool('test.py', config, trained / 'epoch_1.pth', *unfolded, cwd=tmp_path).stdout
    assert 'InferenceFormHook' not in log
    (default_log,) = (tested / 'figures').glob('*/*.log')
    assert 'InferenceFormHook' in default_log.read_text()
    assert scores_of(tmp_path / 'unfolded.jsonl') == pytest.approx(scores_of(tested / 'predictions.jsonl'), abs=1e-5)


def test_tta_is_the_mean_of_both_flips(trained, tested, config, tmp_path):
    checkpoint = trained / 'epoch_1.pth'
    tool('test.py', config, checkpoint, '--tta', '--out', 'tta.jsonl', cwd=tmp_path)
    flipped = tmp_path / 'flipped.py'
    flipped.write_text(f'_base_ = {str(config)!r}\ntest_dataloader = dict(dataset=dict(pipeline={ALWAYS_FLIP}))\n')
    tool('test.py', flipped, checkpoint, '--out', 'flipped.jsonl', cwd=tmp_path)
    views = zip(scores_of(tested / 'predictions.jsonl'), scores_of(tmp_path / 'flipped.jsonl'))
    assert scores_of(tmp_path / 'tta.jsonl') == pytest.approx([(a + b) / 2 for a, b in views], abs=1e-6)


PORT = '29617'


def by_torchrun(name, *files, work_dir, cwd):
    """By ``tools/dist_train.sh`` or ``tools/dist_test.sh``, as a user does."""
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    command = ('bash', ROOT / 'tools' / f'dist_{name}.sh', *files, 2, '--work-dir', work_dir)
    run(*command, cwd=cwd, PORT=PORT, PATH=path)


def by_forks(name, *files, work_dir, cwd):
    """What torchrun would start, which has its imports already."""
    command = (f'{name}.py', *files, '--launcher', 'pytorch', '--work-dir', work_dir)
    group = dict(WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=PORT)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(tool, *command, cwd=cwd, RANK=rank, LOCAL_RANK=rank, **group) for rank in '01']
        for one in runs:
            one.result()


@pytest.mark.parametrize('launch', [by_forks, pytest.param(by_torchrun, marks=pytest.mark.slow)])
def test_two_processes_train_and_give_the_figures_of_one(launch, config, tmp_path):
    launch('train', config, work_dir='pair', cwd=tmp_path)
    checkpoint = tmp_path / 'pair' / 'epoch_1.pth'
    launch('test', config, checkpoint, work_dir='two', cwd=tmp_path)
    tool('test.py', config, checkpoint, '--work-dir', 'one', cwd=tmp_path)
    assert figures(tmp_path / 'two') == pytest.approx(figures(tmp_path / 'one'), rel=1e-6)


def test_checkpoint_of_another_model_is_refused(config, tmp_path):
    torch.save(dict(state_dict={'backbone.conv.weight': torch.zeros(3, 3)}, meta={}), tmp_path / 'other.pth')
    done = tool('test.py', config, 'other.pth', cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert 'The checkpoint does not fit the model' in done.stderr
    assert '1 unexpected: backbone.conv.weight' in done.stderr


def test_experts_in_another_order_are_refused(config, trained, tmp_path):
    """Same weights, another function: the checkpoint that the runner wrote tells."""
    options = ('--cfg-options', 'model.neck.experts=hf,srm,bayar,cd')
    done = tool('test.py', config, trained / 'epoch_1.pth', *options, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert (
        "neck.experts is ('hf', 'srm', 'bayar', 'cd') in the config, and the checkpoint was"
        in done.stdout + done.stderr
    )


@pytest.mark.parametrize('name', ['train.py', 'test.py'])
def test_missing_config_is_named(monkeypatch, capsys, name):
    arguments = ['nowhere.py', 'nothing.pth'][: 1 if name == 'train.py' else 2]
    assert 'there is no config file nowhere.py' in error_of(monkeypatch, capsys, name, *arguments)


def test_missing_checkpoint_is_named(monkeypatch, capsys, config):
    assert 'there is no checkpoint nothing.pth' in error_of(monkeypatch, capsys, 'test.py', config, 'nothing.pth')
    assert 'there is no checkpoint gone.pth' in error_of(
        monkeypatch, capsys, 'train.py', config, '--resume', 'gone.pth'
    )


def test_amp_without_gpu_is_refused(monkeypatch, capsys, config):
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    assert '--amp needs a GPU' in error_of(monkeypatch, capsys, 'train.py', config, '--amp')
    by_option = ('--cfg-options', 'optim_wrapper.type=AmpOptimWrapper')
    assert '--amp needs a GPU' in error_of(monkeypatch, capsys, 'train.py', config, *by_option)


def test_amp_without_gpu_is_refused_for_parts_with_optimizers_of_their_own(monkeypatch, capsys):
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    gan = ROOT / 'configs/baselines/doa_gan/doa-gan_1xb20-100e_ofv2-320x320.py'
    assert '--amp needs a GPU' in error_of(monkeypatch, capsys, 'train.py', gan, '--amp')
    one_part = ('--cfg-options', 'optim_wrapper.discriminator.type=AmpOptimWrapper')
    assert 'AmpOptimWrapper' in error_of(monkeypatch, capsys, 'train.py', gan, *one_part)


def test_a_config_for_tests_only_is_not_trained(monkeypatch, capsys):
    config = ROOT / 'configs' / 'monfap' / 'monfap-c_test_manual-fake-512x512.py'
    assert 'has no train_dataloader: it is for tests only' in error_of(monkeypatch, capsys, 'train.py', config)


def test_a_typing_error_in_an_option_is_refused(monkeypatch, capsys, config):
    mistyped = ('--cfg-options', 'train_confg.max_epochs=2')
    for arguments in (['train.py', config], ['test.py', config, 'any.pth']):
        assert 'did you mean train_cfg?' in error_of(monkeypatch, capsys, *arguments, *mistyped)


def test_a_loss_that_is_no_number_stops_training_in_its_iteration(config, tmp_path):
    far_too_fast = ('--cfg-options', 'optim_wrapper.optimizer.lr=1e30')
    done = tool('train.py', config, '--work-dir', tmp_path, *far_too_fast, cwd=tmp_path, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(r'train: loss_\w+ is (nan|inf).* in iteration 2 \(epoch 1\)\. Training stops', last)
    assert not list(tmp_path.glob('*.pth'))


def test_out_writes_the_masks_to_a_folder(config, trained, tmp_path):
    tool('test.py', config, trained / 'epoch_1.pth', '--out', 'masks', cwd=tmp_path)
    masks = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (tmp_path / 'masks').glob('*.png')]
    assert len(masks) == COUNTS['test']
    assert all(mask.shape == (64, 64) and set(np.unique(mask)) <= {0, 255} for mask in masks)


def test_tta_needs_its_keys(monkeypatch, capsys, tmp_path):
    bare, checkpoint = tmp_path / 'bare.py', tmp_path / 'any.pth'
    bare.write_text('tta_model = dict(type="ForgeryTTAModel")\n')
    torch.save({}, checkpoint)
    assert '--tta needs tta_pipeline in the config' in error_of(
        monkeypatch, capsys, 'test.py', bare, checkpoint, '--tta'
    )
