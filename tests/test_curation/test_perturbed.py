import os
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.curation.perturbed import convert, copy_name, describe, list_tasks
from monfap_mm.datasets.perturbations import Perturber
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import Entry, Task
from monfap_mm.media.errors import BadInput
from tests.test_datasets.files import box_mask, make_dataset, photo, save

# Moves the mask: a shuffled one shows that mask and picture go together.
JIGSAW = Perturber(['jigsaw'], severity=3, num=1)
perturb = partial(convert, split='test', perturber=JIGSAW, max_pixels=10**4)


@pytest.fixture
def root(tmp_path):
    return make_dataset(tmp_path / 'set', num_real=1, num_fake=1, name='test.txt')


def test_tasks_are_named_by_the_path_from_the_list(root, monkeypatch):
    with open(root / 'test.txt', 'a') as file:
        file.write(f'../beside/./x.png\t0\n{root}/images/y.png\t0\n')
    monkeypatch.chdir(root)
    for path in (root / 'test.txt', Path('test.txt')):
        tasks = list_tasks(path)
        assert [task.key for task in tasks] == ['images/0.png', 'images/1.png', '../beside/x.png', 'images/y.png']
        assert tasks[1].args['img_path'] == f'{root}/images/1.png'
        assert tasks[1].args['seg_map_path'] == f'{root}/masks/1.png'
        assert [task.args['gt_label'] for task in tasks] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'names no image'),
        (b'a.png\t2\nb.png\t0\n', 'test.txt:1: the label must be 0'),
        (b'\xff\xfe', 'is not UTF-8 text'),
        (None, 'does not exist'),
    ],
)
def test_bad_lists(tmp_path, content, message):
    if content is not None:
        (tmp_path / 'test.txt').write_bytes(content)
    with pytest.raises(JobError, match=message):
        list_tasks(tmp_path / 'test.txt')


def test_copy_names_differ_and_stay_in_the_folder():
    images = ['a.jpg', 'a.png', '../a.png', '../../a.png', 'up/a.png', '%up/a.png', '%25up/a.png', 'a%20.png', 'a .png']
    names = [copy_name(image) for image in images]
    assert names[:4] == ['a.jpg.png', 'a.png.png', '%up/a.png.png', '%up/%up/a.png.png']
    assert len(set(names)) == len(images)
    assert not any('..' in name.split('/') or name.startswith('/') for name in names)
    long = copy_name('x' * 255)
    assert len(long) <= 255
    assert long != copy_name('x' * 254)


def test_image_and_mask_are_those_of_the_perturber(root, tmp_path):
    dst = tmp_path / 'dst'
    real, fake = [perturb(task, dst) for task in list_tasks(root / 'test.txt')]
    image, mask, steps = JIGSAW(photo(seed=1), (box_mask() > 0).astype(np.uint8))
    assert (mask != (box_mask() > 0)).any()
    assert fake.entries == [
        Entry('images/images/1.png.png', 1, 'test', 'masks/images/1.png.png', dict(perturbations=steps))
    ]
    np.testing.assert_array_equal(cv2.imread(str(dst / fake.entries[0].image)), image)
    np.testing.assert_array_equal(cv2.imread(str(dst / fake.entries[0].mask), cv2.IMREAD_UNCHANGED), mask * 255)
    assert (real.entries[0].label, real.entries[0].mask) == (0, None)
    assert not (dst / 'masks/images/0.png.png').exists()


def test_bad_input(root, tmp_path):
    task = list_tasks(root / 'test.txt')[1]

    def refused(message, **changes):
        with pytest.raises(BadInput, match=message):
            perturb(Task(task.key, {**task.args, **changes}), tmp_path / 'dst')

    os.mkfifo(tmp_path / 'pipe')
    refused('pipe is not a regular file', img_path=str(tmp_path / 'pipe'))
    refused(r'no\.png: No such file', seg_map_path=str(tmp_path / 'no.png'))
    refused('null', img_path='a\0b')
    refused('101 x 100 pixels.*--max-pixels', img_path=save(tmp_path / 'large.png', photo(100, 101)))
    refused('101 x 100 pixels.*--max-pixels', seg_map_path=save(tmp_path / 'large_mask.png', box_mask(100, 101)))
    refused('images/1.png: The mask .* has 61x40', seg_map_path=save(tmp_path / 'wide.png', box_mask(40, 61)))
    refused('listed as real', gt_label=0)
    small = save(tmp_path / 'small.png', photo(23, 30)), save(tmp_path / 'small_mask.png', box_mask(23, 30))
    refused('small.png: A picture must be .* 24 pixels', img_path=small[0], seg_map_path=small[1])
    (root / 'images/1.png').write_bytes((root / 'images/1.png').read_bytes()[:100])
    refused('images/1.png')
    assert not (tmp_path / 'dst').exists()


def test_another_list_and_another_table_are_told_apart(root):
    path = root / 'test.txt'
    first = describe(path, JIGSAW)
    assert first['list'] == 'test.txt'
    assert describe(path, Perturber(['jigsaw'], severity=3, num=1)) == first
    other = describe(path, Perturber(['jigsaw', 'fog'], severity=3, num=1))
    assert [name for name in first if first[name] != other[name]] == ['table_sha256']
    path.write_text(path.read_text() + '\n')
    again = describe(path, JIGSAW)
    assert [name for name in first if first[name] != again[name]] == ['list_sha256']
