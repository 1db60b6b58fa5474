"""Our transforms around mmseg's."""

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from ..files import box_mask, photo, save

LOAD = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryAnnotations')]
PACK = [dict(type='PackForgeryInputs')]


@pytest.fixture
def run(tmp_path):
    def run_pipeline(transforms, label=1, box=(5, 10, 20, 30), height=40, width=60):
        info = dict(
            img_path=save(tmp_path / 'a.png', photo(height, width)),
            seg_map_path=save(tmp_path / 'm.png', box_mask(height, width, box)) if label else None,
            gt_label=label,
            reduce_zero_label=False,
            seg_fields=[],
            sample_idx=0,
        )
        with DefaultScope.overwrite_default_scope('mmseg'):
            packed = Compose(transforms)(info)
        return packed['inputs'], packed['data_samples']

    return run_pipeline


@pytest.mark.parametrize('label', [0, 1])
def test_paper_training(run, label):
    resize = dict(type='Resize', scale=(120, 80), keep_ratio=False)
    inputs, sample = run([*LOAD, resize, dict(type='RandomFlip', prob=1.0), *PACK], label)
    assert inputs.shape == (3, 80, 120)
    expected = np.zeros((80, 120)) if label == 0 else np.kron(box_mask() // 255, np.ones((2, 2)))[:, ::-1]
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], expected)
    assert sample.gt_label.label.tolist() == [label]
    assert sample.flip
    assert sample.flip_direction == 'horizontal'
    assert sample.ori_shape == (40, 60)
    assert sample.img_shape == (80, 120)


@pytest.mark.parametrize('label', [0, 1])
def test_testing_keeps_the_mask_at_the_original_size(run, label):
    resize = dict(type='Resize', scale=(32, 32), keep_ratio=False)
    inputs, sample = run([LOAD[0], resize, LOAD[1], *PACK], label)
    assert inputs.shape == (3, 32, 32)
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], box_mask() // 255 * label)
    assert sample.gt_label.label.tolist() == [label]
    assert sample.scale_factor == (32 / 60, 32 / 40)


def test_authors_augmentation(run):
    np.random.seed(0)
    transforms = [
        *LOAD,
        dict(type='RandomResize', scale=(96, 64), ratio_range=(0.5, 2.0), keep_ratio=True),
        dict(type='RandomCrop', crop_size=(24, 24), cat_max_ratio=0.75),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'),
        *PACK,
    ]
    labels = []
    for _ in range(30):
        inputs, sample = run(transforms)
        assert inputs.shape == (3, 24, 24)
        assert sample.gt_sem_seg.data.shape == (1, 24, 24)
        has_fake = bool((sample.gt_sem_seg.data == 1).any())
        assert sample.gt_label.label.item() == has_fake
        labels.append(int(has_fake))
    assert 0 < sum(labels) < 30


def test_crop_to_untouched_pixels_is_real(run):
    box = (0, 0, 4, 4)
    crop = dict(type='CenterCrop', crop_size=(20, 20))
    assert run([*LOAD, crop, *PACK], box=box)[1].gt_label.label.tolist() == [0]
    keep = dict(type='PackForgeryInputs', relabel_after_crop=False)
    assert run([*LOAD, crop, keep], box=box)[1].gt_label.label.tolist() == [1]


def test_what_another_resize_loses_stays_fake(run):
    resize = dict(type='Resize', scale=(15, 10), keep_ratio=False)
    _, sample = run([*LOAD, resize, *PACK], box=(1, 1, 3, 3))
    assert not sample.gt_sem_seg.data.any()
    assert sample.gt_label.label.tolist() == [1]


def test_test_time_augmentation(run):
    augmentation = dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale=(32, 32)), dict(type='Resize', scale=(64, 64))],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [LOAD[1]],
            PACK,
        ],
    )
    inputs, samples = run([LOAD[0], augmentation])
    assert [tuple(image.shape) for image in inputs] == [(3, 32, 32), (3, 32, 32), (3, 64, 64), (3, 64, 64)]
    for sample in samples:
        np.testing.assert_array_equal(sample.gt_sem_seg.data[0], box_mask() // 255)
        assert sample.gt_label.label.tolist() == [1]
        assert sample.sample_idx == 0
