import cv2
import numpy as np
import pytest

from monfap_mm.datasets import FFIWDataset
from tests.test_curation.rendered import SEEDS, take_picture
from tests.test_curation.trees import hash_tree
from tests.test_media.video_files import truncate, write_video
from tests.test_tools.converters import convert, convert_here, kill_halfway

SCENES = 16
OPTIONS = ('--candidates', '2')


def add_scene(root, split, name, seed):
    image, boxes = take_picture(seed)
    mask = np.zeros_like(image)
    x1, y1, x2, y2 = boxes[0].astype(int)
    mask[y1:y2, x1:x2] = 255
    for folder, ending, frame in (
        ('source', '', image),
        ('target', '', image[:, ::-1]),
        ('target_mask', '_mask', mask),
    ):
        write_video(root / folder / split / f'{name}{ending}.mp4', [np.ascontiguousarray(frame)] * 6)


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp('videos') / 'FFIW 10K'
    for number in range(SCENES):
        split = ('train', 'train', 'val', 'test')[number % 4]
        add_scene(root, split, f'{split}_{number:08}', SEEDS[number % len(SEEDS)])
    return root


@pytest.fixture(scope='module')
def converted(source):
    dst = source.parent / 'whole'
    done = convert('ffiw', source, dst, *OPTIONS, '--workers', '1', cwd=source.parent)
    return dst, done.stdout


def test_lists_that_the_dataset_loads(converted):
    dst, output = converted
    assert f'{SCENES} videos, 0 bad' in output
    for split in ('train', 'val', 'test'):
        dataset = FFIWDataset(data_root=str(dst), ann_file=f'{split}.txt', pipeline=[])
        labels = [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))]
        assert labels == [0, 1] * (len(labels) // 2)
        assert labels
        sample = dataset.get_data_info(1)
        assert cv2.imread(sample['img_path']).shape == (256, 256, 3)
        assert set(np.unique(cv2.imread(sample['seg_map_path'], cv2.IMREAD_UNCHANGED))) == {0, 255}


def test_killed_and_started_again_with_other_workers_it_writes_the_same(
    source, converted, tmp_path, monkeypatch, capsys
):
    dst = tmp_path / 'dst'
    kill_halfway(
        'ffiw', source, dst, *OPTIONS, '--workers', '2', cwd=tmp_path, manifest=dst / 'manifest.jsonl', lines=3
    )
    assert not (dst / 'train.txt').exists()
    assert convert_here(monkeypatch, 'ffiw', source, dst, *OPTIONS, '--workers', '3') == 0
    assert 'done before' in capsys.readouterr().out
    assert hash_tree(dst) == hash_tree(converted[0])


def test_broken_videos_are_listed_with_their_reasons(tmp_path, monkeypatch, capsys):
    root, dst = tmp_path / 'FFIW', tmp_path / 'dst'
    for number in range(3):
        add_scene(root, 'train', f'train_{number:08}', SEEDS[2])
    truncate(root / 'target/train/train_00000001.mp4')
    (root / 'source/train/train_00000002.mp4').unlink()
    assert convert_here(monkeypatch, 'ffiw', root, dst, *OPTIONS, '--max-bad', '0.7', '--workers', '1') == 0
    output = capsys.readouterr().out
    assert '3 videos, 2 bad' in output
    assert 'bad: train/train_00000001: train_00000001.mp4 is cut off or damaged' in output
    assert 'bad: train/train_00000002: There is no video of this name in source' in output
    assert convert_here(monkeypatch, 'ffiw', root, dst, *OPTIONS, '--workers', '1') == 1


def test_what_cannot_run_says_why(source, tmp_path, monkeypatch, capsys):
    (tmp_path / 'empty').mkdir()
    for arguments, reason in (
        ((tmp_path / 'empty', tmp_path / 'dst'), 'is not FFIW-10K as downloaded'),
        ((source, source / 'dst'), 'lies in the source'),
        ((source, tmp_path / 'dst', '--detector', 'yunet'), 'needs its model'),
        ((source, tmp_path / 'dst', '--jpeg-quality', '101'), 'from 1 to 100, got 101'),
        ((source, tmp_path / 'dst', '--frames', '0'), 'from 1 to 10000, got 0'),
        ((source, tmp_path / 'dst', '--candidates', '10001'), 'from 1 to 10000, got 10001'),
    ):
        assert convert_here(monkeypatch, 'ffiw', *arguments) == 2
        assert reason in capsys.readouterr().err
