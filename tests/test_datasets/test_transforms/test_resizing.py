import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from monfap_mm.datasets import ForgeryResize
from monfap_mm.datasets.transforms.resizing import restore_vanished
from tests.test_configs import CONFIGS

from ..files import photo, save


def blank(height=40, width=60):
    return np.zeros((height, width), np.uint8)


def nearest(mask, size):
    return cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)


def shrink(mask, size):
    return restore_vanished(mask, nearest(mask, size))


def test_every_single_pixel_is_kept_where_it_lies():
    for row in range(9):
        for column in range(13):
            mask = blank(9, 13)
            mask[row, column] = 1
            small = shrink(mask, (5, 3))
            # Where a block ends between two pixels, both sides may have them.
            rows, columns = np.nonzero(small)
            assert 1 <= len(rows) <= 4
            assert abs((rows + 0.5) * 3 - row - 0.5).max() <= 3
            assert abs((columns + 0.5) * 13 / 5 - column - 0.5).max() <= 13 / 5


def test_blocks_of_equal_size_are_any_pixel():
    mask = blank(8, 12)
    mask[1, 2] = mask[7, 11] = 1
    assert np.argwhere(shrink(mask, (3, 2))).tolist() == [[0, 0], [1, 2]]


def test_a_line_between_the_sampled_rows_is_kept_whole():
    mask = blank()
    mask[13, 8:40] = 1
    expected = blank(10, 15)
    expected[3, 2:10] = 1
    np.testing.assert_array_equal(shrink(mask, (15, 10)), expected)


def test_only_what_is_missed_is_drawn():
    """A large area stays as nearest neighbor gives it, to the pixel; a small one far from it comes back."""
    mask = blank(200, 300)
    cv2.ellipse(mask, (100, 90), (41, 33), 20, 0, 360, 1, -1)
    small = nearest(mask, (101, 67))
    np.testing.assert_array_equal(shrink(mask, (101, 67)), small)
    mask[181:183, 283:285] = 1
    assert (nearest(mask, (75, 50)) == nearest(mask * (np.arange(300) < 250), (75, 50))).all()
    added = shrink(mask, (75, 50)).astype(int) - nearest(mask, (75, 50))
    assert np.argwhere(added).tolist() == [[45, 70], [45, 71]]


def test_enlarging_and_pixels_without_a_statement():
    mask = blank()
    mask[7, 9] = 1
    large = nearest(mask, (120, 80))
    assert restore_vanished(mask, large) is large
    mask[:] = 255
    assert restore_vanished(mask, nearest(mask, (30, 20))).tolist() == np.full((20, 30), 255).tolist()
    mask[21, 31] = 1
    small = shrink(mask, (30, 20))
    assert small.dtype == np.uint8
    assert np.argwhere(small == 1).tolist() == [[10, 15]]
    # Wider, but lower.
    mask = blank()
    mask[21] = 1
    assert (np.flatnonzero(shrink(mask, (120, 20)).any(axis=1)) == 10).all()


def test_only_the_listed_maps_are_resized():
    mask = blank()
    mask[7, 9] = 1
    results = dict(img=photo(), gt_seg_map=mask, seg_fields=['gt_seg_map'])
    done = ForgeryResize(scale=(30, 20))(dict(results))
    assert done['img'].shape == (20, 30, 3)
    assert np.argwhere(done['gt_seg_map']).tolist() == [[3, 4]]
    assert ForgeryResize(scale=(30, 20))({**results, 'seg_fields': []})['gt_seg_map'] is mask


@pytest.mark.parametrize('name', ['monfap-c_8xb32-40e_ofv2-512x512', 'monfap-c_8xb32-40e_authors-aug_ofv2-512x512'])
def test_a_tiny_forgery_stays_fake_in_the_shipped_training(tmp_path, name):
    mask = blank(1400, 1900)
    mask[701, 903] = 255
    sample = dict(
        img_path=save(tmp_path / 'a.png', np.full((1400, 1900, 3), 90, np.uint8)),
        seg_map_path=save(tmp_path / 'm.png', mask),
        gt_label=1,
        reduce_zero_label=False,
        sample_idx=0,
    )
    pipeline = Config.fromfile(CONFIGS / 'monfap' / f'{name}.py').train_dataloader.dataset.pipeline
    with DefaultScope.overwrite_default_scope('mmseg'):
        run = Compose(pipeline)
        packed = [run(dict(sample, seg_fields=[]))['data_samples'] for _ in range(8)]
    labels = [each.gt_label.label.item() for each in packed]
    assert labels == [int((each.gt_sem_seg.data == 1).any()) for each in packed]
    assert all(labels) if 'authors' not in name else any(labels)
