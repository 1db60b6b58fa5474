import logging
import re
import time

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader

from monfap_mm.datasets import ForgeryDataset, ManualFakeDataset

from ..logs import captured_logs
from .files import box_mask, make_dataset, photo, save

PIPELINE = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryAnnotations'), dict(type='PackForgeryInputs')]


@pytest.fixture(autouse=True)
def _mmseg_scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


@pytest.fixture
def root(tmp_path):
    return make_dataset(tmp_path)


def write_list(root, text, name='list.txt', **options):
    (root / name).write_text(text, **options)
    return dict(ann_file=name, data_root=str(root))


def replacing(root):
    return dict(ann_file='train.txt', data_root=str(root), pipeline=PIPELINE, on_error='replace')


def test_samples(root):
    dataset = DATASETS.build(dict(type='ForgeryDataset', ann_file='train.txt', data_root=str(root)))
    assert dataset.metainfo['classes'] == ('real', 'fake')
    assert dataset.metainfo['palette'] == [[0, 158, 115], [213, 94, 0]]
    assert len(dataset) == 4
    assert dataset.get_data_info(3) == dict(
        img_path=str(root / 'images/3.png'),
        seg_map_path=str(root / 'masks/3.png'),
        gt_label=1,
        mask_values='above_127',
        listed_at=f'{root}/train.txt:6',
        reduce_zero_label=False,
        seg_fields=[],
        sample_idx=3,
    )
    real = dataset.get_data_info(0)
    assert (real['gt_label'], real['seg_map_path']) == (0, None)


def test_pipeline(root):
    dataset = ForgeryDataset(ann_file='train.txt', data_root=str(root), pipeline=PIPELINE)
    for i in range(4):
        packed = dataset[i]
        sample = packed['data_samples']
        np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0), photo(seed=i))
        expected = box_mask() // 255 if i >= 2 else np.zeros((40, 60))
        np.testing.assert_array_equal(sample.gt_sem_seg.data[0], expected)
        assert sample.gt_label.label.tolist() == [int(i >= 2)]
        assert sample.sample_idx == i


def test_mmengine_options_still_work(root):
    options = dict(ann_file='train.txt', data_root=str(root))
    assert len(ForgeryDataset(indices=3, **options)) == 3
    assert ForgeryDataset(indices=[3, 1], **options).get_data_info(0)['gt_label'] == 1
    assert ForgeryDataset(serialize_data=False, **options).get_data_info(2)['gt_label'] == 1
    lazy = ForgeryDataset(lazy_init=True, **options)
    assert not lazy._fully_initialized
    assert len(lazy) == 4
    assert len(lazy.get_subset(2)) == 2


def test_paths_are_relative_to_the_list_or_the_prefix(tmp_path):
    root = make_dataset(tmp_path / 'data')
    (root / 'lists').mkdir()
    text = f'../images/0.png\t0\n{root}/images/2.png\t1\t../masks/2.png\n'
    dataset = ForgeryDataset(**write_list(root, text, 'lists/a.txt'))
    assert dataset.get_data_info(0)['img_path'] == f'{root}/lists/../images/0.png'
    assert dataset.get_data_info(1)['img_path'] == f'{root}/images/2.png'
    dataset = ForgeryDataset(
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        **write_list(root, '2.png\t1\t2.png\n', 'lists/b.txt'),
    )
    assert dataset.get_data_info(0)['img_path'] == f'{root}/images/2.png'
    assert dataset.get_data_info(0)['seg_map_path'] == f'{root}/masks/2.png'


def test_without_data_root(root):
    assert len(ForgeryDataset(ann_file=str(root / 'train.txt'))) == 4


def test_windows_text(root):
    options = write_list(
        root, '\ufeffimages/0.png\t0\r\nimages/2.png\t1\tmasks/2.png\r\n', encoding='utf-8', newline=''
    )
    dataset = ForgeryDataset(**options)
    assert [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))] == [0, 1]


def test_authors_list(tmp_path):
    for name in ('a.png', 'b.jpg', 'c d.jpg'):
        save(tmp_path / 'Image' / name, photo())
    for name in ('a.png', 'b.jpg', 'c d.png'):
        save(tmp_path / 'Mask' / name, box_mask())
    options = write_list(tmp_path, 'Image/a.png 1\nImage/b.jpg 1\nImage/c d.jpg 1\nImage/a.png 0\n')
    masks = [ForgeryDataset(**options).get_data_info(i)['seg_map_path'] for i in range(4)]
    assert masks == [f'{tmp_path}/Mask/a.png', f'{tmp_path}/Mask/b.jpg', f'{tmp_path}/Mask/c d.png', None]


@pytest.mark.parametrize('name', ['nothing.txt', '.'])
def test_missing_list(root, name):
    with pytest.raises(FileNotFoundError, match='does not exist: check data_root and ann_file'):
        ForgeryDataset(ann_file=name, data_root=str(root))


@pytest.mark.parametrize('text', ['', '\n\n', '# only a comment\n'])
def test_empty_list(root, text):
    with pytest.raises(ValueError, match=r'list\.txt names no image'):
        ForgeryDataset(**write_list(root, text))


def test_binary_list(root):
    with pytest.raises(ValueError, match='is not UTF-8 text'):
        ForgeryDataset(ann_file='images/0.png', data_root=str(root))


def test_malformed_lines_are_counted_and_shown(root):
    text = 'images/0.png\t0\n' + 12 * 'images/0.png\t7\n'
    with pytest.raises(ValueError) as error:
        ForgeryDataset(**write_list(root, text))
    lines = str(error.value).splitlines()
    assert lines[0] == '12 malformed lines:'
    assert lines[1] == f"  {root}/list.txt:2: the label must be 0 (real) or 1 (fake), got '7'"
    assert len(lines) == 12
    assert lines[11] == '  ... and 2 more'


def test_problems_of_all_lists_are_told(root):
    options = dict(ann_file='{osn}.txt', data_root=str(root), osn=['wechat', 'tiktok'])
    for name, label in (('wechat', 7), ('tiktok', 8)):
        write_list(root, f'images/0.png\t{label}\n', f'{name}.txt')
    with pytest.raises(ValueError, match=r'(?s)^2 malformed lines:.*wechat\.txt:1: .*7.*tiktok\.txt:1: .*8.$'):
        ManualFakeDataset(**options)
    for name in options['osn']:
        write_list(root, f'images/{name}.png\t0\n', f'{name}.txt')
    with pytest.raises(FileNotFoundError, match=r'(?s)^2 missing files:.*images/wechat\.png.*images/tiktok\.png$'):
        ManualFakeDataset(**options)


def test_missing_files_are_counted_and_shown(root):
    text = 'images/0.png\t0\n' + ''.join(f'images/x{i}.png\t1\tmasks/x{i}.png\n' for i in range(6))
    options = write_list(root, text)
    with pytest.raises(FileNotFoundError) as error:
        ForgeryDataset(**options)
    lines = str(error.value).splitlines()
    assert lines[0] == '12 missing files:'
    assert lines[1] == f'  {root}/list.txt:2: missing image {root}/images/x0.png'
    assert lines[2] == f'  {root}/list.txt:2: missing mask {root}/masks/x0.png'
    assert len(lines) == 12
    assert len(ForgeryDataset(check_files=False, **options)) == 7


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(on_error='ignore'), 'on_error must be "replace" or "raise"'),
        (dict(mask_values='above_100'), "mask_values must be one of 'above_127', 'nonzero', got 'above_100'"),
        (dict(max_broken=1.5), 'max_broken must be a share from 0 to 1'),
        (dict(max_broken=float('nan')), 'max_broken must be a share from 0 to 1'),
        (dict(ann_file=''), 'needs ann_file'),
        (dict(metainfo=dict(classes=('fake', 'real'))), 'The classes of ForgeryDataset are'),
    ],
)
def test_bad_options(root, options, message):
    with pytest.raises(ValueError, match=message):
        ForgeryDataset(**{'ann_file': 'train.txt', 'data_root': str(root), **options})


@pytest.mark.parametrize('damage', ['truncated', 'deleted', 'other_size', 'real_with_mask', 'empty_mask'])
def test_broken_sample_is_replaced_in_training_only(root, damage):
    broken = root / 'images/3.png'
    options = dict(ann_file='train.txt', data_root=str(root), pipeline=PIPELINE)
    if damage == 'real_with_mask':
        options.update(
            write_list(root, 'images/0.png\t0\nimages/1.png\t0\nimages/2.png\t0\nimages/3.png\t0\tmasks/3.png')
        )
    dataset = ForgeryDataset(on_error='replace', **options)
    if damage == 'truncated':
        broken.write_bytes(broken.read_bytes()[:1000])
    elif damage == 'deleted':
        broken.unlink()
    elif damage == 'other_size':
        save(root / 'masks/3.png', box_mask(height=41))
    elif damage == 'empty_mask':
        save(root / 'masks/3.png', np.zeros((40, 60), np.uint8))
    with captured_logs() as logs:
        assert dataset[3]['data_samples'].sample_idx != 3
    line = 4 if damage == 'real_with_mask' else 6
    place = f'{root / options["ann_file"]}:{line}: {broken}: '
    assert f'Broken sample replaced by another one: {place}' in logs.text(logging.WARNING)
    for strict in ({}, dict(on_error='raise'), dict(on_error='replace', test_mode=True)):
        with pytest.raises(ValueError, match=re.escape(place)):
            ForgeryDataset(check_files=False, **strict, **options)[3]


def test_set_of_broken_samples_ends_with_an_error(root):
    dataset = ForgeryDataset(
        ann_file='train.txt', data_root=str(root), pipeline=PIPELINE, on_error='replace', max_refetch=5
    )
    for path in (root / 'images').iterdir():
        path.write_bytes(b'')
    with pytest.raises(RuntimeError, match='5 samples of .*train.txt in a row are broken, the last one is .*is empty'):
        dataset[0]


def test_successes_reset_the_count_of_failures(root):
    dataset = ForgeryDataset(
        ann_file='train.txt', data_root=str(root), pipeline=PIPELINE, on_error='replace', max_refetch=3
    )
    (root / 'images/3.png').write_bytes(b'')
    np.random.seed(0)
    dataset._rand_another = lambda: 0
    for _ in range(10):
        assert dataset[3]['data_samples'].sample_idx == 0


def read_epochs(dataset, epochs, **options):
    """Labels of all samples, as two workers give them."""
    loader = DataLoader(dataset, 2, shuffle=True, num_workers=2, collate_fn=list, **options)
    return [int(packed['data_samples'].gt_label.label) for _ in range(epochs) for batch in loader for packed in batch]


@pytest.mark.parametrize('persistent', [False, True])
def test_training_stops_when_all_fakes_fail(tmp_path, persistent):
    """Each worker sees too few of the four fakes in an epoch: what is known outlasts both."""
    root = make_dataset(tmp_path, num_real=30, num_fake=4)
    for path in (root / 'masks').iterdir():
        save(path, box_mask() // 255)
    dataset = ForgeryDataset(max_broken=1, **replacing(root))
    with pytest.raises(RuntimeError) as error:
        read_epochs(dataset, 40, persistent_workers=persistent)
    assert 'all fake samples that were read are broken (4 of 4), the last one is' in str(error.value)
    assert re.search(r'train\.txt:3\d: .*values above 127 are fake, and its largest is 1', str(error.value))
    assert "mask_values='nonzero'" in str(error.value)
    mended = ForgeryDataset(mask_values='nonzero', **replacing(root))
    assert sum(read_epochs(mended, 1)) == 4


@pytest.mark.parametrize(('broken', 'stops'), [(4, False), (5, True)])
def test_training_stops_at_a_share_of_a_label(tmp_path, broken, stops):
    """Broken fakes are judged among the 40 fakes, not among all 100 samples."""
    root = make_dataset(tmp_path, num_real=60, num_fake=40)
    for number in range(60, 60 + broken):
        (root / f'images/{number}.png').write_bytes(b'')
    dataset = ForgeryDataset(**replacing(root))
    if not stops:
        assert len(read_epochs(dataset, 3)) == 300
        return
    with pytest.raises(RuntimeError, match=r'5 of 40 fake samples are known to be broken, and at most 10% may be'):
        read_epochs(dataset, 3)


def test_a_subset_counts_its_own_samples(tmp_path):
    root = make_dataset(tmp_path, num_real=2, num_fake=3)
    for number in (3, 4):
        (root / f'images/{number}.png').write_bytes(b'')
    subset = ForgeryDataset(**replacing(root)).get_subset([4, 0, 3, 0, 0, 0])
    subset._rand_another = lambda: 1
    assert subset[0]['data_samples'].sample_idx == 1
    assert subset[0]['data_samples'].sample_idx == 1
    with pytest.raises(RuntimeError, match='all fake samples that were read are broken'):
        subset[2]


def test_long_list_is_read_fast(tmp_path):
    (tmp_path / 'images').mkdir()
    text = ''.join(f'images/{i // 1000}/{i:06d}.jpg\t{i % 2}\tmasks/{i // 1000}/{i:06d}.png\n' for i in range(130_000))
    options = write_list(tmp_path, text)
    start = time.process_time()
    dataset = ForgeryDataset(check_files=False, **options)
    assert time.process_time() - start < 4
    assert len(dataset) == 130_000
    assert dataset.get_data_info(129_999)['img_path'] == f'{tmp_path}/images/129/129999.jpg'
