import os

import pytest
import torch

from monfap_mm.engine.resume import ResumeError, find_resumable

EPOCHS = 'epoch_{}.pth'


@pytest.fixture
def work_dir(tmp_path):
    """With the epochs 1, 2, 3 and 10, of which the last is damaged."""
    for epoch in (1, 2, 3):
        torch.save(dict(meta=dict(epoch=epoch)), tmp_path / f'epoch_{epoch}.pth')
    (tmp_path / 'epoch_10.pth').write_bytes(b'')
    for name in ('best_epoch_20.pth', 'xepoch_30.pth', 'epoch_40.pth.tmp', 'epoch_x.pth', 'iter_50.pth'):
        torch.save({}, tmp_path / name)
    return tmp_path


def find(work_dir, last=None, template=EPOCHS) -> str | None:
    if last is not None:
        (work_dir / 'last_checkpoint').write_text(str(last))
    found = find_resumable(str(work_dir), template)
    return found and os.path.basename(found)


def test_the_named_one_even_if_there_are_later_ones(work_dir):
    assert find(work_dir, work_dir / 'epoch_2.pth') == 'epoch_2.pth'


def test_by_number_and_not_by_letter(work_dir):
    assert find(work_dir) == 'epoch_3.pth'
    torch.save({}, work_dir / 'epoch_10.pth')
    assert find(work_dir) == 'epoch_10.pth'


def test_a_named_one_that_is_gone_means_those_before_it(work_dir):
    (work_dir / 'epoch_2.pth').unlink()
    assert find(work_dir, work_dir / 'epoch_2.pth') == 'epoch_1.pth'


def test_a_damaged_one_means_those_before_it(work_dir):
    (work_dir / 'epoch_2.pth').write_bytes(b'PK')
    assert find(work_dir, work_dir / 'epoch_2.pth') == 'epoch_1.pth'


def test_a_folder_that_was_moved_has_its_own(work_dir):
    assert find(work_dir, '/somewhere/else/epoch_2.pth\n') == 'epoch_2.pth'


def test_one_of_another_folder_is_gone_on_from(work_dir, tmp_path_factory):
    other = tmp_path_factory.mktemp('out_dir') / 'epoch_7.pth'
    torch.save({}, other)
    (work_dir / 'last_checkpoint').write_text(str(other))
    assert find_resumable(str(work_dir), EPOCHS) == str(other)


@pytest.mark.parametrize('content', [b'', b'\n', b'\0' * 40, b'\xff\xfe\xfa', b'x' * 5000, b'a\0b', b'/'])
def test_a_damaged_record_means_the_latest(work_dir, content):
    (work_dir / 'last_checkpoint').write_bytes(content)
    assert find(work_dir) == 'epoch_3.pth'


def test_a_remote_one_is_left_to_mmengine(work_dir):
    (work_dir / 'last_checkpoint').write_text('s3://bucket/epoch_2.pth')
    assert find_resumable(str(work_dir), EPOCHS) == 's3://bucket/epoch_2.pth'


def test_other_templates(work_dir):
    assert find(work_dir, template='iter_{}.pth') == 'iter_50.pth'


def test_nothing_there(tmp_path):
    assert find(tmp_path) is None
    assert find_resumable(str(tmp_path / 'not_made_yet'), EPOCHS) is None


def test_nothing_that_can_be_read(work_dir):
    for epoch in (1, 2, 3):
        (work_dir / f'epoch_{epoch}.pth').write_bytes(b'damaged')
    with pytest.raises(ResumeError, match=r'epoch_10\.pth, .*epoch_3\.pth, .*epoch_2\.pth, .*epoch_1\.pth'):
        find(work_dir)
