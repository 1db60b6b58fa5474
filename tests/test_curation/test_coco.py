import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from monfap_mm.curation.coco import draw, read_coco
from monfap_mm.jobs.errors import JobError
from monfap_mm.media.errors import BadInput

SQUARE = [2, 3, 6, 3, 6, 8, 2, 8]


def polygon(*points):
    return np.array(points, np.float32)


def rectangle(x1, y1, x2, y2, size=10):
    mask = np.zeros((size, size), bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_polygons_are_united():
    mask = draw([polygon(*SQUARE), polygon(5, 0, 9, 0, 9, 4, 5, 4)], 10, 10)
    assert (mask == rectangle(2, 3, 6, 8) | rectangle(5, 0, 9, 4)).all()


@pytest.mark.parametrize(
    ('box', 'inside'),
    [
        ((-10, -10, 4, 5), (0, 0, 4, 5)),
        ((6, 7, 1e9, 1e9), (6, 7, 10, 10)),
        ((-1e30, -1e30, 1e30, 1e30), (0, 0, 10, 10)),
        ((20, 20, 30, 30), (0, 0, 0, 0)),
        ((-30, 2, -20, 8), (0, 0, 0, 0)),
    ],
)
def test_what_lies_outside_is_cut_off(box, inside):
    x1, y1, x2, y2 = box
    assert (draw([polygon(x1, y1, x2, y1, x2, y2, x1, y2)], 10, 10) == rectangle(*inside)).all()


def test_a_clipped_star_is_the_whole_star_on_a_larger_canvas_cropped():
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    radii = np.where(np.arange(10) % 2, 15, 40)
    star = np.stack([70 + radii * np.cos(angles), 8 + radii * np.sin(angles)], 1)
    whole = coco_mask.decode(coco_mask.frPyObjects([(star + 100).ravel().tolist()], 300, 300))[..., 0] > 0
    # pycocotools rounds corners to a fifth of a pixel, and cutting makes new corners.
    assert np.abs(draw([star.ravel()], 80, 80).astype(int) - whole[100:180, 100:180]).sum() <= 5
    assert draw([star.ravel()], 80, 80).sum() > 500


def test_run_lengths():
    mask = rectangle(2, 3, 6, 8)
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert (draw({'size': [10, 10], 'counts': packed['counts'].decode()}, 10, 10) == mask).all()
    runs = [23, 5, 5, 5, 5, 5, 5, 5, 42]
    assert (draw({'size': [10, 10], 'counts': runs}, 10, 10) == mask).all()


@pytest.mark.parametrize(
    'segmentation',
    [
        None,
        [],
        'damaged',
        17,
        [polygon(1, 2, 3, 4)],
        [polygon(1, 2, 3, 4, 5, 6, 7)],
        [polygon(1, 2, 3, np.nan, 5, 6)],
        [polygon(1, 2, 3, np.inf, 5, 6)],
        [np.zeros((3, 2), np.float32)],
        {},
        {'size': [10, 10]},
        {'size': [10, 10], 'counts': []},
        {'size': [10, 10], 'counts': [50, 51]},
        {'size': [10, 10], 'counts': [-1, 101]},
        {'size': [10, 10], 'counts': [1, 'x']},
        {'size': [10, 10], 'counts': 5},
        {'size': [10, 10], 'counts': 'ooooo'},
        {'size': [10, 10], 'counts': '\U0001f600'},
        {'size': [9, 10], 'counts': [90]},
        {'size': [10**6, 10**6], 'counts': [10**12]},
    ],
)
def test_damaged_segmentations_are_bad_input(segmentation):
    with pytest.raises(BadInput, match='segmentation|polygon|run lengths'):
        draw(segmentation, 10, 10)


def write(path, **content):
    path.write_text(json.dumps(content))
    return path


def test_reading_groups_annotations_and_drops_none_in_silence(tmp_path):
    path = write(
        tmp_path / 'a.json',
        categories=[{'id': 0, 'name': 'REAL'}, {'id': 1, 'name': 'Fake'}, {'id': 2}, {'id': 7, 'name': 7}],
        images=[
            {'id': 7, 'file_name': 'b.jpg', 'height': 4, 'width': 5},
            {'id': 3, 'file_name': 'a.jpg'},
            {'id': 3, 'file_name': 'again.jpg'},
            {'id': 4},
            'no object',
        ],
        annotations=[
            {'image_id': 7, 'category_id': 1, 'segmentation': [SQUARE]},
            {'image_id': 7, 'category_id': 0, 'segmentation': {'size': [4, 5], 'counts': [20]}},
            {'image_id': 7, 'category_id': 1, 'segmentation': [[1, 'x']]},
            {'image_id': 99, 'category_id': 1},
            {'image_id': 3, 'category_id': 99},
            {'image_id': 3, 'category_id': 7},
            {'image_id': 3},
            {'image_id': 3, 'category_id': 0},
            {'image_id': [], 'category_id': 1},
            None,
        ],
    )
    (first, second), strays = read_coco(path, ('real', 'fake'))
    assert (first.name, first.size, second.name, second.size) == ('b.jpg', (4, 5), 'a.jpg', None)
    names, segmentations = zip(*first.segmentations)
    assert names == ('fake', 'real', 'fake')
    assert segmentations[0][0].dtype == np.float32
    assert segmentations[0][0].tolist() == SQUARE
    assert segmentations[1:] == ({'size': [4, 5], 'counts': [20]}, 'damaged')
    assert not first.problems
    assert second.segmentations == [('real', None)]
    assert second.problems == [
        'another image of the annotations has the same id',
        'an annotation has no category, or an unknown one: it should be real or fake',
        "an annotation has the category '7': it should be real or fake",
        'an annotation has no category, or an unknown one: it should be real or fake',
    ]
    assert strays == [
        'image 2 of a.json has the id of another one',
        'image 3 of a.json is damaged: it needs an id and a file_name',
        'image 4 of a.json is damaged: it needs an id and a file_name',
        'annotation 3 of a.json is damaged or of an unknown image',
        'annotation 8 of a.json is damaged or of an unknown image',
        'annotation 9 of a.json is damaged or of an unknown image',
    ]


@pytest.mark.parametrize(
    ('names', 'there'),
    [
        (['Genuine face', 'Forged face'], "'Genuine face', 'Forged face'"),
        (['Real'], "'Real'"),
        ([7], "'7'"),
        ([], 'none'),
    ],
)
def test_other_categories_are_named(tmp_path, names, there):
    categories = [{'id': number, 'name': name} for number, name in enumerate(names)]
    path = write(tmp_path / 'a.json', categories=categories, images=[], annotations=[])
    with pytest.raises(JobError, match=f'the categories real and fake, but there are: {there}'):
        read_coco(path, ('real', 'fake'))


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'Cannot read'),
        ('{"images": [', 'Cannot read'),
        ('[' * 100_000, 'Cannot read'),
        ('[]', 'not in the format of COCO'),
        ('{"images": [], "annotations": {}}', 'no list of categories and annotations'),
    ],
)
def test_files_that_are_not_coco(tmp_path, text, reason):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(JobError, match=reason):
        read_coco(tmp_path / 'a.json', ())


def test_a_missing_file(tmp_path):
    with pytest.raises(JobError, match=r'a\.json'):
        read_coco(tmp_path / 'a.json', ())
