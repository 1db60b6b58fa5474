"""What training, validation and testing do with broken pictures and masks, by the shipped demo config."""

import shutil

import cv2
import pytest

from .conftest import tool


@pytest.fixture
def copy(data, tmp_path):
    return shutil.copytree(data, tmp_path / 'data')


def test_testing_stops_at_a_broken_picture(trained, config, copy, tmp_path):
    (copy / 'test2.png').write_bytes((copy / 'test2.png').read_bytes()[:500])
    options = ('--cfg-options', f'test_dataloader.dataset.data_root={copy}')
    done = tool('test.py', config, trained / 'epoch_1.pth', *options, cwd=tmp_path, check=False)
    assert done.returncode != 0
    reason = f'OSError: Cannot read {copy}/test2.png: it is truncated'
    assert f'ValueError: {copy}/test.txt:3: {copy}/test2.png: {reason}' in done.stderr
    assert 'forgery/AUC' not in done.stdout


def test_validation_stops_at_a_broken_picture_and_training_does_not(config, copy, tmp_path):
    for name in ('train0.png', 'val1.png'):
        (copy / name).write_bytes(b'')
    roots = [f'{split}_dataloader.dataset.data_root={copy}' for split in ('train', 'val')]
    done = tool('train.py', config, '--cfg-options', *roots, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert f'Broken sample replaced by another one: {copy}/train.txt:1: {copy}/train0.png' in done.stdout
    assert (tmp_path / 'work_dirs/tiny/epoch_1.pth').is_file()
    assert f'ValueError: {copy}/val.txt:2: {copy}/val1.png: OSError: {copy}/val1.png is empty' in done.stderr


def test_training_stops_when_no_mask_can_be_used(config, copy, tmp_path):
    for path in copy.glob('train*_mask.png'):
        cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) // 255)
    root = f'train_dataloader.dataset.data_root={copy}'
    done = tool('train.py', config, '--cfg-options', root, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert 'fake samples' in done.stderr
    assert (
        "values above 127 are fake, and its largest is 1. If all that is not 0 is meant, set mask_values='nonzero'"
        in (done.stderr)
    )
    tool('train.py', config, '--cfg-options', root, 'train_dataloader.dataset.mask_values=nonzero', cwd=tmp_path)
