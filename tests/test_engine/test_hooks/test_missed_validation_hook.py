import pytest

from ..toy import Killed, ScriptedMetric, files, make_runner


def killed_in_validation(work_dir, epoch, scores, **options):
    with pytest.raises(Killed):
        make_runner(work_dir, [*scores[: epoch - 1], 'kill', *scores[epoch:]], **options).train()


@pytest.mark.parametrize('epoch', [1, 2, 3])
def test_a_validation_that_was_cut_off_comes_first_and_may_be_the_best(tmp_path, epoch):
    scores = [90 if e == epoch else 10 * e for e in (1, 2, 3)]
    killed_in_validation(tmp_path, epoch, scores)
    make_runner(tmp_path, scores, resume='auto').train()
    assert ScriptedMetric.seen == list(range(epoch, 4))
    assert [name for name in files(tmp_path) if name.startswith('best')] == [f'best_forgery_IoU-f_epoch_{epoch}.pth']


def test_a_better_epoch_that_was_made_up_for_is_not_forgotten_by_the_next_kill(tmp_path):
    killed_in_validation(tmp_path, 2, [10, 90, 50])
    killed_in_validation(tmp_path, 3, [10, 90, 50], resume='auto')
    make_runner(tmp_path, [10, 90, 50], resume='auto').train()
    assert [name for name in files(tmp_path) if name.startswith('best')] == ['best_forgery_IoU-f_epoch_2.pth']


def test_a_complete_validation_is_not_repeated(tmp_path):
    make_runner(tmp_path, (10, 5)).train()
    make_runner(tmp_path, (10, 5, 7), resume='auto').train()
    assert ScriptedMetric.seen == [3]


def test_what_is_not_due_is_not_validated(tmp_path):
    every_second = dict(train_cfg__val_interval=2)
    killed_in_validation(tmp_path, 2, (0, 10, 5), **every_second)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    make_runner(tmp_path, (0, 10, 5), resume='auto', **every_second).train()
    assert ScriptedMetric.seen == [2, 3], 'the last epoch is always validated, as MMEngine does'


def test_the_record_of_an_earlier_training_in_the_folder_does_not_count(tmp_path):
    make_runner(tmp_path, (10, 20)).train()
    killed_in_validation(tmp_path, 1, (10, 20))
    make_runner(tmp_path, (10, 20), resume='auto').train()
    assert ScriptedMetric.seen == [1, 2]


def test_a_validation_outside_of_training_records_nothing(tmp_path):
    make_runner(tmp_path, (10,)).train()
    record = (tmp_path / 'last_validation').read_text()
    assert record == 'epoch 1, iter 2\n'
    alone = make_runner(tmp_path, (10,))
    ScriptedMetric.scores = {0: 1}
    alone.val()
    assert (tmp_path / 'last_validation').read_text() == record


def test_resuming_an_old_work_dir_validates_once(tmp_path):
    """One without the record, of an earlier version."""
    make_runner(tmp_path, (10,)).train()
    (tmp_path / 'last_validation').unlink()
    make_runner(tmp_path, (10, 20), resume='auto').train()
    assert ScriptedMetric.seen == [1, 2]
