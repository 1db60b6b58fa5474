import cv2
import numpy as np
import pytest

from monfap_mm.curation.ffiw import EMPTY_MASK, NO_FACES
from monfap_mm.curation.manual_fake import NETWORKS, convert, list_tasks, network_of
from monfap_mm.curation.videos_sampling import Sampling
from monfap_mm.datasets.manual_fake import NETWORKS as DATASET_NETWORKS
from monfap_mm.jobs.errors import JobError
from monfap_mm.media.errors import BadInput

from ..test_media.video_files import GreenSquares, mask_frame, numbered_frame, read_number, truncate, write_video


@pytest.fixture
def manual_fake(tmp_path):
    """A real and a forged video, untransmitted, and as WhatsApp (half the size) and two clients of WeChat sent them."""
    root = tmp_path / 'ManualFake'
    for network, scale in (('Untrans', 1), ('Whatsapp', 0.5), ('Wechat (PC)', 1), ('Wechat (Mobile)', 1)):
        for path, faces in (('real/001.mp4', 2), ('FaceSwap/007.mp4', 3)):
            frames = [cv2.resize(numbered_frame(n, faces), None, fx=scale, fy=scale) for n in range(6)]
            write_video(root / network / path, frames)
    write_video(root / 'Mask/FaceSwap/007.mp4', (mask_frame(n, empty=n == 3) for n in range(6)))
    return root


def run(root, dst, key):
    task = next(task for task in list_tasks(root) if task.key == key)
    return convert(task, dst, src=root, sampling=Sampling(GreenSquares(), frames=3))


def test_networks_are_those_of_the_dataset():
    assert tuple(NETWORKS) == DATASET_NETWORKS
    names = ('Untrans', 'Facebook_Post', 'TIKTOK', 'Wechat (PC)', 'whatsapp', 'YouTube', 'mask')
    assert [network_of(name) for name in names] == [*DATASET_NETWORKS, None]


def test_lists_by_network(manual_fake):
    tasks = list_tasks(manual_fake)
    assert [task.key for task in tasks[:2]] == ['Untrans/FaceSwap/007.mp4', 'Untrans/real/001.mp4']
    assert [task.args.network for task in tasks] == ['untrans'] * 2 + ['wechat'] * 4 + ['whatsapp'] * 2
    assert [task.args.fake for task in tasks] == [True, False] * 4


def test_fakes_get_masks_and_share_their_source_with_all_networks(manual_fake, tmp_path):
    for network in ('Untrans', 'Whatsapp'):
        outcome = run(manual_fake, tmp_path / 'dst', f'{network}/FaceSwap/007.mp4')
        assert [entry.info['frame'] for entry in outcome.entries] == [0, 2, 5]
        for entry in outcome.entries:
            assert (entry.label, entry.split) == (1, f'test_{network.lower()}')
            assert entry.info['sources'] == ['manual_fake/FaceSwap/007']
            image = cv2.imread(str(tmp_path / 'dst' / entry.image))
            mask = cv2.imread(str(tmp_path / 'dst' / entry.mask), cv2.IMREAD_UNCHANGED)
            assert mask.shape == image.shape[:2]
            assert set(np.unique(mask)) == {0, 255}
            assert cv2.resize(mask, (160, 64))[36, entry.info['frame'] + 12] == 255
            if network == 'Untrans':
                assert read_number(image) == entry.info['frame']
                assert cv2.boundingRect(mask) == pytest.approx((entry.info['frame'], 24, 24, 24), abs=1)


def test_pristine_videos_need_no_mask(manual_fake, tmp_path):
    outcome = run(manual_fake, tmp_path / 'dst', 'Wechat (PC)/real/001.mp4')
    assert [(entry.label, entry.mask, entry.split) for entry in outcome.entries] == [(0, None, 'test_wechat')] * 3
    assert outcome.entries[0].image == 'images/Wechat (PC)/real/001.mp4_000000.png'


def test_empty_masks_and_few_faces_are_counted(manual_fake, tmp_path):
    write_video(manual_fake / 'Mask/FaceSwap/007.mp4', (mask_frame(n, empty=n > 0) for n in range(6)))
    outcome = run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4')
    assert (len(outcome.entries), outcome.counts) == (1, {EMPTY_MASK: 2})
    write_video(manual_fake / 'Untrans/FaceSwap/007.mp4', (numbered_frame(n, 1) for n in range(6)))
    assert run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4').counts == {NO_FACES: 1}


def test_missing_masks_and_other_shapes_are_bad(manual_fake, tmp_path):
    mask = manual_fake / 'Mask/FaceSwap/007.mp4'
    write_video(mask, [np.full((64, 64, 3), 255, np.uint8)] * 6)
    with pytest.raises(BadInput, match='different shapes: 160 x 64 and 64 x 64'):
        run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4')
    write_video(mask, [np.full((64, 160, 3), 255, np.uint8)] * 9)
    with pytest.raises(BadInput, match='different numbers of frames'):
        run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4')
    mask.unlink()
    with pytest.raises(BadInput, match='no video of masks'):
        run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4')


def test_videos_whose_names_are_nearly_the_same(tmp_path):
    names = ('001.mp4', '001.avi', '001_mask.mp4')
    for number, name in enumerate(names):
        frames = (numbered_frame(n, 2, grey=60 * (1 + number)) for n in range(6))
        write_video(tmp_path / 'src/untrans/real' / name, frames)
    outcomes = [run(tmp_path / 'src', tmp_path / 'dst', f'untrans/real/{name}') for name in names]
    for number, outcome in enumerate(outcomes):
        for entry in outcome.entries:
            image = cv2.imread(str(tmp_path / 'dst' / entry.image))
            assert image[60, 150].mean() == pytest.approx(60 * (1 + number), abs=4)
    assert len({entry.image for outcome in outcomes for entry in outcome.entries}) == 9


def test_masks_by_either_name_but_not_by_two(manual_fake, tmp_path):
    mask = manual_fake / 'Mask/FaceSwap/007.mp4'
    mask.rename(mask.with_name('007_mask.mp4'))
    assert len(run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4').entries) == 3
    write_video(mask.with_name('007_mask.avi'), (mask_frame(n) for n in range(6)))
    with pytest.raises(BadInput, match=r'more than one video of masks .*007_mask\.avi, Mask/FaceSwap/007_mask\.mp4'):
        run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4')


@pytest.mark.parametrize('name', ['faceswap/007.MP4', 'FACESWAP/007_Mask.mp4'])
def test_masks_whose_names_differ_in_letter_case(manual_fake, tmp_path, name):
    mask = manual_fake / 'Mask' / name
    mask.parent.mkdir()
    (manual_fake / 'Mask/FaceSwap/007.mp4').rename(mask)
    assert len(run(manual_fake, tmp_path / 'dst', 'Untrans/FaceSwap/007.mp4').entries) == 3
    write_video(manual_fake / 'Untrans/FACEswap/007.mp4', (numbered_frame(n, 2) for n in range(6)))
    with pytest.raises(BadInput, match='no video of masks'):
        run(manual_fake, tmp_path / 'dst', 'Untrans/FACEswap/007.mp4')


def test_nothing_is_left_of_masks_that_break_off(tmp_path):
    write_video(tmp_path / 'src/untrans/Reface/a.mp4', (numbered_frame(n, 2) for n in range(30)))
    write_video(tmp_path / 'src/mask/Reface/a.mp4', (mask_frame(n) for n in range(30)))
    truncate(tmp_path / 'src/mask/Reface/a.mp4')
    with pytest.raises(BadInput, match='cut off or damaged'):
        run(tmp_path / 'src', tmp_path / 'dst', 'untrans/Reface/a.mp4')
    assert not (tmp_path / 'dst').exists()


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(JobError, match='is not Manual-Fake'):
        list_tasks(tmp_path)
