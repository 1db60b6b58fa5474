import cv2
import numpy as np
import pytest

from monfap_mm.curation.ffiw import EMPTY_MASK, NO_FACES, convert, list_tasks
from monfap_mm.curation.videos_sampling import Sampling
from monfap_mm.jobs.errors import JobError
from monfap_mm.media.errors import BadInput

from ..test_media.video_files import GreenSquares, read_number, truncate, write_video
from .video_sets import add_ffiw_scene, make_ffiw

SAMPLING = Sampling(GreenSquares(), frames=4)


def run(root, dst, key, sampling=SAMPLING):
    task = next(task for task in list_tasks(root) if task.key == key)
    return convert(task, dst, src=root, sampling=sampling)


@pytest.fixture
def ffiw(tmp_path):
    return make_ffiw(tmp_path / 'FFIW')


def test_the_same_moments_of_fake_mask_and_twin(ffiw, tmp_path):
    outcome = run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    assert [entry.label for entry in outcome.entries] == [0, 1] * 4
    assert outcome.counts == {}
    for real, fake in zip(outcome.entries[::2], outcome.entries[1::2]):
        number = fake.info['frame']
        images = [cv2.imread(str(tmp_path / 'dst' / entry.image)) for entry in (real, fake)]
        assert [read_number(image) for image in images] == [number, number]
        assert images[0][60, 80].mean() < 90 < images[1][60, 80].mean()
        mask = cv2.imread(str(tmp_path / 'dst' / fake.mask), cv2.IMREAD_UNCHANGED)
        assert set(np.unique(mask)) == {0, 255}
        # Lossy compression may move an edge by a pixel.
        assert cv2.boundingRect(mask) == pytest.approx((number, 24, 24, 24), abs=1)
        assert fake.info == {'sources': ['ffiw/train/train_00000000'], 'faces': 2, 'frame': number}
        assert (real.mask, real.split) == (None, 'train')
    assert [entry.info['frame'] for entry in outcome.entries[::2]] == [0, 4, 7, 11]
    assert outcome.entries[1].image == 'images/train/fake/train_00000000_000000.png'


def test_frames_with_few_faces_or_an_empty_mask(ffiw, tmp_path):
    outcome = run(ffiw, tmp_path / 'dst', 'train/train_00000001')
    kept = [(entry.info['frame'], entry.label, entry.info['faces']) for entry in outcome.entries]
    assert kept == [(1, 0, 2), (1, 1, 2), (2, 0, 3), (3, 0, 2), (3, 1, 2), (5, 0, 2)]
    assert outcome.counts == {EMPTY_MASK: 2}
    assert run(ffiw, tmp_path / 'dst', 'val/val_00000000').counts == {NO_FACES: 1}


def test_releases_side_by_side(ffiw, tmp_path):
    """Train and val are one download, test is another."""
    add_ffiw_scene(tmp_path / 'all/FFIW10K-v1-release', 'train', 'train_00000000')
    add_ffiw_scene(tmp_path / 'all/FFIW10K-v1-release-test/FFIW10K-v1-release-test', 'test', 'test_00000000')
    assert [task.key for task in list_tasks(tmp_path / 'all')] == ['train/train_00000000', 'test/test_00000000']
    outcome = run(tmp_path / 'all', tmp_path / 'dst', 'test/test_00000000')
    assert {entry.split for entry in outcome.entries} == {'test'}


def test_names_that_differ_in_letter_case(ffiw, tmp_path):
    expected = [(entry.label, entry.info) for entry in run(ffiw, tmp_path / 'dst', 'train/train_00000000').entries]
    (ffiw / 'source/train/train_00000000.mp4').rename(ffiw / 'source/train/Train_00000000.MP4')
    (ffiw / 'target_mask/train/train_00000000_mask.mp4').rename(ffiw / 'target_mask/train/TRAIN_00000000_Mask.mp4')
    outcome = run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    assert [(entry.label, entry.info) for entry in outcome.entries] == expected
    # Another genuine video of these letters: neither is clearly the twin.
    (ffiw / 'source/train/tRAIN_00000000.mp4').write_bytes(b'')
    with pytest.raises(BadInput, match='no video of this name in source$'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    assert {task.key for task in list_tasks(ffiw)} >= {'train/Train_00000000', 'train/tRAIN_00000000'}


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(JobError, match='is not FFIW-10K as downloaded'):
        list_tasks(tmp_path)


@pytest.mark.parametrize(
    ('folder', 'name'),
    [
        ('source', 'train_00000000.mp4'),
        ('target', 'train_00000000.mp4'),
        ('target_mask', 'train_00000000_mask.mp4'),
    ],
)
def test_a_broken_or_missing_video_is_bad(ffiw, tmp_path, folder, name):
    path = ffiw / folder / 'train' / name
    truncate(path)
    with pytest.raises(BadInput, match='cut off or damaged'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    path.write_bytes(b'')
    with pytest.raises(BadInput, match='is empty'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    path.unlink()
    with pytest.raises(BadInput, match=f'no video of this name in {folder}$'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    path.symlink_to('/etc/passwd')
    with pytest.raises(BadInput, match='leads out of the source'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')


@pytest.mark.parametrize('folder', ['source', 'target', 'target_mask'])
def test_two_videos_of_one_name_are_bad(ffiw, tmp_path, folder):
    path = ffiw / folder / 'train/train_00000000.avi'
    write_video(path, [np.zeros((64, 160, 3), np.uint8)] * 12)
    names = {path.relative_to(ffiw).as_posix()}
    with pytest.raises(BadInput, match=f'more than one video of this name in {folder}: .*{names.pop()}'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')


def test_nothing_is_left_of_a_video_that_breaks_off(tmp_path):
    """The forged video, in which faces are counted, is sound; the genuine one ends in the middle."""
    add_ffiw_scene(tmp_path / 'src', 'train', 'v', (2,) * 30)
    truncate(tmp_path / 'src/source/train/v.mp4')
    with pytest.raises(BadInput, match='cut off or damaged'):
        run(tmp_path / 'src', tmp_path / 'dst', 'train/v')
    assert not (tmp_path / 'dst').exists()


def test_videos_that_do_not_belong_together(ffiw, tmp_path):
    path = ffiw / 'source/train/train_00000000.mp4'
    write_video(path, [np.zeros((64, 160, 3), np.uint8)] * 20)
    with pytest.raises(BadInput, match='different numbers of frames .*: 20'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
    write_video(path, [np.zeros((64, 128, 3), np.uint8)] * 12)
    with pytest.raises(BadInput, match='genuine 128 x 64, fake 160 x 64'):
        run(ffiw, tmp_path / 'dst', 'train/train_00000000')
