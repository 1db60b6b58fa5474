"""Kills at every moment, a full disk and damaged files, with the hooks of the shipped runtime."""

import errno
import os
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook

from monfap_mm.engine.resume import ResumeError

from ..toy import Killed, files, kill_at_write, make_runner

WHOLE = {'best_forgery_IoU-f_epoch_2.pth', 'last_checkpoint', 'last_validation'}
# Written in three epochs with the scores 10, 30, 20: each epoch, and where it is the best, that, and the epoch again.
WRITES = 7


def saved(path) -> dict:
    return torch.load(path, weights_only=True)


def keep(number) -> dict:
    return dict(default_hooks__checkpoint__max_keep_ckpts=number)


def kill(work_dir, monkeypatch, **options) -> None:
    """Train until the kill that the test has prepared."""
    with pytest.raises(Killed):
        make_runner(work_dir, **options).train()
    monkeypatch.undo()


def all_readable(work_dir) -> bool:
    return all(saved(work_dir / name)['meta'] for name in files(work_dir) if name.endswith('.pth') and name[0] != '.')


@pytest.mark.parametrize(('number', 'kept'), [(1, {3}), (2, {2, 3}), (3, {1, 2, 3})])
@pytest.mark.parametrize('write', range(1, WRITES + 1))
def test_a_kill_in_any_checkpoint_costs_nothing_that_was_saved(tmp_path, monkeypatch, number, kept, write):
    kill_at_write(monkeypatch, write)
    kill(tmp_path, monkeypatch, **keep(number))
    assert all_readable(tmp_path)
    epochs = {name for name in files(tmp_path) if name.startswith('epoch_')}
    assert epochs or write == 1
    runner = make_runner(tmp_path, resume='auto', **keep(number))
    runner.train()
    assert files(tmp_path) == WHOLE | {f'epoch_{epoch}.pth' for epoch in kept}
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_3.pth')
    info = saved(tmp_path / 'epoch_3.pth')['message_hub']['runtime_info']
    assert (info['best_score'], os.path.basename(info['best_ckpt'])) == (30, 'best_forgery_IoU-f_epoch_2.pth')
    assert info['keep_ckpt_ids'][-number:] == sorted(kept)


def test_what_a_kill_has_left_half_written_goes(tmp_path):
    (tmp_path / '.writing-0123.pth').write_bytes(b'half')
    make_runner(tmp_path, scores=(10,)).train()
    assert files(tmp_path) == {'best_forgery_IoU-f_epoch_1.pth', 'epoch_1.pth', 'last_checkpoint', 'last_validation'}


def test_the_right_number_of_writes(tmp_path, monkeypatch):
    kill_at_write(monkeypatch, WRITES + 1)
    make_runner(tmp_path).train()


@pytest.mark.parametrize('removal', range(1, 4))
def test_a_kill_before_a_deletion_leaves_nothing_for_ever(tmp_path, monkeypatch, removal):
    left = iter(range(removal - 1))

    def remove(self, path):
        if next(left, None) is None:
            raise Killed
        os.remove(path)

    monkeypatch.setattr(LocalBackend, 'remove', remove)
    kill(tmp_path, monkeypatch, **keep(1))
    assert all_readable(tmp_path)
    make_runner(tmp_path, resume='auto', **keep(1)).train()
    assert files(tmp_path) == WHOLE | {'epoch_3.pth'}


def test_a_kill_before_the_last_checkpoint_is_named(tmp_path, monkeypatch):
    def write(*_):
        raise Killed

    monkeypatch.setattr('monfap_mm.engine.hooks.safe_checkpoint_hook.atomic_write', write)
    kill(tmp_path, monkeypatch)
    assert files(tmp_path) == {'epoch_1.pth'}
    runner = make_runner(tmp_path, resume='auto')
    runner.train()
    assert files(tmp_path) == WHOLE | {'epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth'}


def test_a_full_disk_stops_training_and_costs_nothing_that_was_saved(tmp_path, monkeypatch):
    make_runner(tmp_path, scores=(10,), **keep(1)).train()
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    put = LocalBackend.put

    def no_room(self, obj, filepath):
        put(self, obj[:100], filepath)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LocalBackend, 'put', no_room)
    with pytest.raises(OSError, match=r'epoch_2.pth cannot be written \(No space left on device\).*--resume') as error:
        make_runner(tmp_path, scores=(10, 30), resume='auto', **keep(1)).train()
    assert error.value.errno == errno.ENOSPC
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
    monkeypatch.undo()
    make_runner(tmp_path, scores=(10, 30), resume='auto', **keep(1)).train()
    assert files(tmp_path) == WHOLE | {'epoch_2.pth'}


def test_resume_passes_over_a_damaged_checkpoint_and_says_so(tmp_path, caplog):
    make_runner(tmp_path).train()
    (tmp_path / 'epoch_3.pth').write_bytes((tmp_path / 'epoch_3.pth').read_bytes()[:500])
    # Of an earlier, longer training in the same folder: not what is to be gone on from.
    shutil.copy(tmp_path / 'epoch_1.pth', tmp_path / 'epoch_9.pth')
    runner = make_runner(tmp_path, resume='auto', log_level='INFO')
    runner.train()
    log = next(tmp_path.glob(f'{runner.timestamp}/*.log')).read_text()
    (line,) = [line for line in log.splitlines() if 'passes over' in line]
    assert 'epoch_3.pth is refused' in line
    assert 'resumed epoch: 2' in log
    assert saved(tmp_path / 'epoch_3.pth')['meta']['epoch'] == 3


def test_nothing_but_damaged_checkpoints_is_an_error(tmp_path):
    make_runner(tmp_path, scores=(10,)).train()
    (tmp_path / 'epoch_1.pth').write_bytes(b'damaged')
    with pytest.raises(ResumeError, match=r'no checkpoint in .* can be read \(.*epoch_1.pth\)'):
        make_runner(tmp_path, resume=True).train()
    assert (tmp_path / 'epoch_1.pth').read_bytes() == b'damaged'


@pytest.mark.parametrize('resume', [True, 'auto'])
def test_nothing_to_resume_is_said(tmp_path, resume):
    runner = make_runner(tmp_path, resume=resume)
    runner.train()
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert f'{tmp_path} has no checkpoint, training starts from the beginning' in log
    assert 'epoch_3.pth' in files(tmp_path)


def test_what_the_work_dir_holds_comes_before_load_from_only_if_asked_for(tmp_path):
    start, work_dir = tmp_path / 'start', tmp_path / 'work'
    make_runner(start, scores=(10, 20)).train()
    start_weights = str(start / 'epoch_1.pth')
    fresh = make_runner(work_dir, scores=(10,), resume='auto', load_from=start_weights)
    fresh.train()
    assert saved(work_dir / 'epoch_1.pth')['meta']['iter'] == 2, 'load_from is where training starts'
    again = make_runner(work_dir, scores=(10, 20), resume='auto', load_from=start_weights)
    again.train()
    assert again._load_from == str(work_dir / 'epoch_1.pth')
    explicit = make_runner(work_dir, scores=(10, 20), resume=True, load_from=start_weights)
    explicit.train()
    assert explicit._load_from == start_weights


def test_the_name_of_mmengines_hook_means_this_one(tmp_path, monkeypatch):
    """As many configs have it; those that restate the type lose no protection."""
    by_name = dict(default_hooks__checkpoint__type='CheckpointHook')
    kill_at_write(monkeypatch, 4)  # epoch 2, once more for the best one before
    kill(tmp_path, monkeypatch, **by_name)
    assert all_readable(tmp_path)
    make_runner(tmp_path, resume='auto', **by_name).train()
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_3.pth')
    theirs = make_runner(tmp_path / 'theirs', default_hooks__checkpoint__type='mmengine.CheckpointHook')
    assert [type(hook) for hook in theirs.hooks if isinstance(hook, CheckpointHook)] == [CheckpointHook]


def test_an_unknown_argument_is_refused_before_training(tmp_path):
    with pytest.raises(TypeError, match='SafeCheckpointHook takes no max_keep_ckpt'):
        make_runner(tmp_path, default_hooks__checkpoint__max_keep_ckpt=1)


def test_another_storage_keeps_its_way(tmp_path):
    runner = make_runner(tmp_path, scores=(10,), default_hooks__checkpoint__backend_args=dict(backend='local'))
    runner.train()
    (hook,) = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
    assert hook.backend_args == dict(backend='local')
    assert 'epoch_1.pth' in files(tmp_path)


def test_a_copy_of_a_work_dir_goes_on_by_itself(tmp_path):
    original, copy = tmp_path / 'original', tmp_path / 'copy'
    make_runner(original, scores=(10,)).train()
    shutil.copytree(original, copy)
    before = files(original)
    make_runner(copy, scores=(10, 20), resume='auto').train()
    assert files(original) == before
    assert 'best_forgery_IoU-f_epoch_1.pth' not in files(copy)
    shutil.rmtree(original)
    shutil.move(copy, tmp_path / 'moved')
    make_runner(tmp_path / 'moved', scores=(10, 20, 5), resume='auto').train()
    assert saved(tmp_path / 'moved' / 'epoch_3.pth')['meta']['epoch'] == 3


def test_several_figures_have_a_best_each(tmp_path):
    scores = [{'IoU-f': 10, 'ACC': 50}, {'IoU-f': 5, 'ACC': 70}, {'IoU-f': float('nan'), 'ACC': 60}]
    best = dict(default_hooks__checkpoint__save_best=['forgery/IoU-f', 'forgery/ACC'])
    make_runner(tmp_path, scores=scores, **best).train()
    names = {name for name in files(tmp_path) if name.startswith('best')}
    assert names == {'best_forgery_IoU-f_epoch_1.pth', 'best_forgery_ACC_epoch_2.pth'}


def test_the_first_figure_is_the_best_of_auto(tmp_path):
    auto = dict(default_hooks__checkpoint__save_best='auto')
    make_runner(tmp_path, scores=[{'F1': 2, 'ACC': 9}, {'F1': 3, 'ACC': 8}], **auto).train()
    assert 'best_forgery_F1_epoch_2.pth' in files(tmp_path)


def test_a_figure_that_the_validation_does_not_give_is_named(tmp_path):
    with pytest.raises(KeyError, match="save_best is 'forgery/IoU-f', but the validation gives forgery/ACC"):
        make_runner(tmp_path, scores=[{'ACC': 50}]).train()


@pytest.fixture
def _no_waits():
    """MMEngine waits for 2 s wherever the data of a training by iteration begin anew."""
    with pytest.MonkeyPatch.context() as patch:  # its own: a test undoes its patches on the way
        patch.setattr('mmengine.runner.loops.time', SimpleNamespace(sleep=lambda seconds: None))
        yield


@pytest.mark.usefixtures('_no_waits')
@pytest.mark.parametrize('write', range(1, WRITES + 1))
def test_training_by_iteration(tmp_path, monkeypatch, write):
    by_iteration = dict(
        train_cfg=dict(_delete_=True, type='IterBasedTrainLoop', max_iters=6, val_interval=2),
        log_processor__by_epoch=False,
        default_hooks__checkpoint__by_epoch=False,
        default_hooks__checkpoint__interval=2,
        **keep(2),
    )
    kill_at_write(monkeypatch, write)
    kill(tmp_path, monkeypatch, **by_iteration)
    make_runner(tmp_path, resume='auto', **by_iteration).train()
    best = 'best_forgery_IoU-f_iter_4.pth'
    assert files(tmp_path) == {best, 'last_checkpoint', 'last_validation', 'iter_4.pth', 'iter_6.pth'}
