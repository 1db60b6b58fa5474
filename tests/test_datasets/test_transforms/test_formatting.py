import numpy as np
import pytest

from monfap_mm.datasets import PackForgeryInputs

from ..files import photo


def pack(mask, label, **options):
    results = dict(img=photo(), gt_seg_map=np.array(mask, np.uint8), gt_label=label, img_path='a.jpg', sample_idx=7)
    return PackForgeryInputs(**options)(results)


def test_packed_sample():
    packed = pack([[0, 1], [255, 0]], 1)
    sample = packed['data_samples']
    assert packed['inputs'].shape == (3, 40, 60)
    assert sample.gt_sem_seg.data.tolist() == [[[0, 1], [255, 0]]]
    assert sample.gt_label.label.tolist() == [1]
    assert sample.sample_idx == 7
    assert sample.img_path == 'a.jpg'


@pytest.mark.parametrize(
    ('mask', 'label', 'expected'),
    [
        ([[0, 1]], 1, 1),
        ([[0, 0]], 1, 0),
        ([[0, 255]], 1, 0),
        ([[255, 255]], 1, 1),  # nobody knows
        ([[0, 0]], 0, 0),
        ([[0, 255]], 0, 0),
    ],
)
def test_relabel_after_crop(mask, label, expected):
    assert pack(mask, label)['data_samples'].gt_label.label.tolist() == [expected]
    kept = pack(mask, label, relabel_after_crop=False)
    assert kept['data_samples'].gt_label.label.tolist() == [label]


@pytest.mark.parametrize(
    ('ori_shape', 'scale_factor', 'expected'),
    [
        ((40, 60), None, 1),
        ((40, 61), None, 0),
        ((41, 60), None, 0),
        ((20, 20), None, 1),  # padded
        ((400, 60), (1.0, 0.1), 1),
        ((40, 600), (0.1, 1.0), 1),
        ((40, 600), (1.0, 0.1), 0),
        ((600, 400), (0.1, 0.1), 0),
        ((20, 30), (2.0, 2.0), 1),
        ((20, 30), (2.1, 2.0), 0),
        ((123, 77), (60 / 77, 40 / 123), 1),
    ],
)
def test_only_crops_make_an_image_real(ori_shape, scale_factor, expected):
    """The image has 40 x 60 pixels, of which none is fake; factors are of width and height."""
    results = dict(img=photo(), gt_seg_map=np.zeros((40, 60), np.uint8), gt_label=1, ori_shape=ori_shape)
    if scale_factor:
        results['scale_factor'] = scale_factor
    assert PackForgeryInputs()(results)['data_samples'].gt_label.label.tolist() == [expected]


def test_without_annotations():
    sample = PackForgeryInputs()(dict(img=photo(), img_path='a.jpg'))['data_samples']
    assert 'gt_label' not in sample
    assert 'gt_sem_seg' not in sample
    labelled = PackForgeryInputs()(dict(img=photo(), gt_label=1))['data_samples']
    assert labelled.gt_label.label.tolist() == [1]
