"""Perturb and FreezeMask, alone and in the pipelines of the configs."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import TRANSFORMS
from torch.utils.data import DataLoader

from monfap_mm.datasets import ForgeryDataset
from monfap_mm.datasets.perturbations import Perturber
from monfap_mm.datasets.transforms.perturbation import FreezeMask, Perturb

from ..files import box_mask, make_dataset, photo

CONFIGS = {path.name: path for path in (Path(__file__).parents[3] / 'configs').glob('*/*-perturbed*.py')}
SHIFT = dict(geometry=dict(shift=dict(type='Affine', translate_px=dict(x=(3, 3), y=(2, 2)))))


def results(label=1, with_mask=True):
    sample = dict(img=photo(), img_path='anywhere.png', gt_label=label, seg_fields=['gt_seg_map'])
    if with_mask:
        sample['gt_seg_map'] = box_mask() // 255 * label
    return sample


def pipeline_of(name, key):
    cfg = Config.fromfile(CONFIGS[name])
    return cfg.tta_pipeline if key == 'tta' else cfg.test_dataloader.dataset.pipeline


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp('data'), num_real=3, num_fake=5, name='test.txt')


def load(root, pipeline):
    return ForgeryDataset('test.txt', data_root=str(root), pipeline=pipeline, test_mode=True)


def test_is_the_perturber_of_its_arguments():
    arguments = dict(families=['corruption', 'edge'], severity=(2, 4), num=2, seed=5)
    done = TRANSFORMS.build(dict(type='Perturb', **arguments))(results())
    image, mask, records = Perturber(**arguments)(photo(), box_mask() // 255)
    np.testing.assert_array_equal(done['img'], image)
    np.testing.assert_array_equal(done['gt_seg_map'], mask)
    assert done['perturbations'] == records


def test_the_path_does_not_matter():
    here, there = results(), dict(results(), img_path='/another/place/renamed.png')
    np.testing.assert_array_equal(Perturb()(here)['img'], Perturb()(there)['img'])


def test_severity_0_is_the_identity():
    done = Perturb(severity=0)(results())
    np.testing.assert_array_equal(done['img'], photo())
    assert done['perturbations'] == []


def test_the_mask_must_be_there():
    with pytest.raises(ValueError, match='put LoadForgeryAnnotations before it'):
        Perturb(severity=0)(results(with_mask=False))
    unlabelled = dict(img=photo())
    assert 'gt_seg_map' not in Perturb(SHIFT, severity=1)(unlabelled)


def test_of_a_fake_without_mask_nothing_is_known_where_the_picture_has_moved_from():
    """A moved mask would be 0, real, at two borders."""
    unknown = dict(results(), gt_seg_map=np.full((40, 60), 255, np.uint8))
    done = Perturb(SHIFT, severity=1)(unknown)
    np.testing.assert_array_equal(done['gt_seg_map'], np.full((40, 60), 255))
    np.testing.assert_array_equal(done['img'], Perturb(SHIFT, severity=1)(results())['img'])


def test_face_boxes_are_not_left_behind():
    boxes = dict(face_boxes=[[10, 5, 30, 20]])
    with pytest.raises(ValueError, match=r'moved the mask of anywhere\.png by shift, but cannot move its face_boxes'):
        Perturb(SHIFT, severity=1)(results() | boxes)
    done = Perturb(['jpeg'], severity=3)(results() | boxes)
    assert done['face_boxes'] == boxes['face_boxes']
    assert 'gt_seg_map' not in Perturb(SHIFT, severity=1)(dict(img=photo(), **boxes))


def test_freeze_mask():
    done = FreezeMask()(dict(results(), seg_fields=['gt_seg_map', 'gt_edge_map']))
    assert done['seg_fields'] == ['gt_edge_map']
    assert FreezeMask()({}) == dict(seg_fields=[])


def test_is_sent_to_workers_that_are_spawned():
    done = pickle.loads(pickle.dumps(Perturb()))(results())
    np.testing.assert_array_equal(done['img'], Perturb()(results())['img'])
    assert "'fog'" in repr(Perturb())


@pytest.mark.parametrize('name', sorted(CONFIGS))
def test_config_scores_the_moved_mask_at_the_original_size(root, name):
    pipeline = pipeline_of(name, 'test')
    pipeline[2] = dict(type='Perturb', families=SHIFT, severity=1)
    size = (512, 512) if '512x512' in name else (40, 60)
    samples = list(load(root, pipeline))
    for packed in samples:
        assert packed['inputs'].shape[1:] == size
        label = packed['data_samples'].gt_label.label.item()
        expected = label * box_mask(box=(7, 13, 22, 33)) // 255
        np.testing.assert_array_equal(packed['data_samples'].gt_sem_seg.data[0], expected)
        assert packed['data_samples'].ori_shape == (40, 60)
    assert [packed['data_samples'].gt_label.label.item() for packed in samples] == [0] * 3 + [1] * 5


@pytest.mark.parametrize('name', sorted(CONFIGS))
def test_views_of_test_time_augmentation_show_one_perturbation(root, name):
    (sample,) = [load(root, pipeline_of(name, 'tta'))[4]]
    plain = load(root, pipeline_of(name, 'test'))[4]
    view, flipped = sample['inputs']
    np.testing.assert_array_equal(view, plain['inputs'])
    np.testing.assert_array_equal(flipped.flip(-1), plain['inputs'])
    for data_sample in sample['data_samples']:
        np.testing.assert_array_equal(data_sample.gt_sem_seg.data, plain['data_samples'].gt_sem_seg.data)


def test_workers_and_order_do_not_matter(root):
    dataset = load(root, pipeline_of('monfap-c_test_demo-perturbed.py', 'test'))
    plain = [dataset[index]['inputs'].numpy() for index in range(len(dataset))]
    assert sum(
        (image != clean['inputs'].numpy()).any()
        for image, clean in zip(
            plain,
            load(
                root,
                [dict(type='LoadForgeryImage'), dict(type='LoadForgeryAnnotations'), dict(type='PackForgeryInputs')],
            ),
        )
    ) == len(plain)
    order = [5, 0, 3, 7, 1, 6, 4, 2]
    loader = DataLoader(dataset, batch_size=1, sampler=order, num_workers=2, collate_fn=lambda batch: batch[0])
    for index, packed in zip(order, loader):
        np.testing.assert_array_equal(packed['inputs'], plain[index])
