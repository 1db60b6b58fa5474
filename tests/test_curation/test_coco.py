import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from monfap_mm.curation.coco import CocoAnnotation, contradiction, draw, lies_outside, read_coco, without_slivers
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


@pytest.mark.parametrize(
    'sliver',
    [polygon(1, 2), polygon(1, 2, 3, 4), polygon(1, 1, 5, 5, 1, 1), polygon(0.1, 0.1, 3.3, 3.3, 7.7, 7.7)],
)
def test_polygons_without_area_add_nothing(sliver):
    assert (draw([sliver, polygon(*SQUARE)], 10, 10) == rectangle(2, 3, 6, 8)).all()
    assert [kept.tolist() for kept in without_slivers([sliver, polygon(*SQUARE), sliver])] == [SQUARE]
    with pytest.raises(BadInput, match='a polygon has no area'):
        draw([sliver, sliver], 10, 10)


@pytest.mark.parametrize(
    ('box', 'outside'),
    [
        ((12, 2, 18, 4), True),
        ((10, 2, 18, 4), True),
        ((9.9, 2, 18, 4), False),
        ((-5, 2, 0, 4), True),
        ((-5, 2, 0.1, 4), False),
        ((2, 20, 4, 25), True),
        ((2, 19.9, 4, 25), False),
        ((2, -9, 4, 0), True),
        ((2, 3, 6, 8), False),
    ],
)
def test_outside_of_an_image_of_20_rows_and_10_columns(box, outside):
    x1, y1, x2, y2 = box
    assert lies_outside([polygon(x1, y1, x2, y1, x2, y2)], 20, 10) == outside
    assert not lies_outside([polygon(x1, y1, x2, y1, x2, y2), polygon(2, 3, 6, 3, 6, 8)], 20, 10)
    assert not lies_outside({'size': [20, 10], 'counts': [200]}, 20, 10)


@pytest.mark.parametrize(
    ('area', 'box', 'reason'),
    [
        (None, None, ''),
        (20, (2, 3, 4, 5), ''),
        (38, (0, 1, 8, 9), ''),
        (2, (4, 5, 0, 1), ''),
        (39, None, 'it covers 20 pixels, but its area is 39'),
        (1, None, 'it covers 20 pixels, but its area is 1'),
        (0, (2, 3, 4, 5), 'it covers 20 pixels, but its area is 0'),
        (None, (2, 3, 4, 8), 'it lies in [2, 3, 4, 5], but its bbox is [2, 3, 4, 8]'),
        (None, (3, 2, 5, 4), ''),
        (None, (3, 2, 6, 4), 'it lies in [2, 3, 4, 5], but its bbox is [3, 2, 6, 4]'),
        (None, (-1, 3, 4, 5), 'it lies in [2, 3, 4, 5], but its bbox is [-1, 3, 4, 5]'),
        (20, (5, 8, 2, 3), 'it lies in [2, 3, 4, 5], but its bbox is [5, 8, 2, 3]'),
    ],
)
def test_area_and_box_may_differ_by_a_border_of_pixels(area, box, reason):
    assert contradiction(CocoAnnotation('fake', None, area, box), rectangle(2, 3, 6, 8)) == reason


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
            {'id': 1, 'file_name': 'c.jpg'},
        ],
        annotations=[
            {'image_id': 7, 'category_id': 1, 'segmentation': [SQUARE], 'area': 20.5, 'bbox': [2, 3, 4, 5]},
            {'image_id': 7, 'category_id': 0, 'segmentation': {'size': [4, 5], 'counts': [20]}},
            {'image_id': 7, 'category_id': 1, 'segmentation': [[1, 'x']], 'area': 'large', 'bbox': [1, 2, 3]},
            {'image_id': 99, 'category_id': 1},
            {'image_id': 3, 'category_id': 99},
            {'image_id': 3, 'category_id': 7},
            {'image_id': 3},
            {'image_id': 3, 'category_id': 0},
            {'image_id': [], 'category_id': 1},
            None,
            {'image_id': True, 'category_id': 1},
        ],
    )
    (first, second, third), strays = read_coco(path, ('real', 'fake'))
    assert (first.name, first.size, second.name, second.size) == ('b.jpg', (4, 5), 'a.jpg', None)
    names, segmentations, areas, found_boxes = zip(*first.annotations)
    assert areas == (20.5, None, None)
    assert found_boxes == ((2, 3, 4, 5), None, None)
    assert names == ('fake', 'real', 'fake')
    assert segmentations[0][0].dtype == np.float32
    assert segmentations[0][0].tolist() == SQUARE
    assert segmentations[1:] == ({'size': [4, 5], 'counts': [20]}, 'damaged')
    assert not first.problems
    assert (third.name, third.annotations) == ('c.jpg', [])
    assert second.annotations == [('real', None, None, None)]
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
        'annotation 10 of a.json is damaged or of an unknown image',
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


def test_two_categories_of_one_id_would_change_labels(tmp_path):
    categories = [{'id': 1, 'name': 'Real'}, {'id': 2, 'name': 'Real'}, {'id': 1, 'name': 'Fake'}]
    path = write(tmp_path / 'a.json', categories=categories, images=[], annotations=[])
    with pytest.raises(JobError, match="gives one id, 1, to the categories 'Real' and 'Fake'"):
        read_coco(path, ('real', 'fake'))


def test_without_a_single_annotation_images_are_not_known_to_be_real(tmp_path):
    categories = [{'id': 0, 'name': 'Real'}, {'id': 1, 'name': 'Fake'}]
    images = [{'id': 7, 'file_name': 'b.jpg'}]
    path = write(tmp_path / 'a.json', categories=categories, images=images, annotations=[])
    with pytest.raises(JobError, match='no annotations: all of its 1 images would count as real'):
        read_coco(path, ('real', 'fake'))
    assert read_coco(write(path, categories=categories, images=[], annotations=[]), ('real', 'fake')) == ([], [])


def test_a_missing_file(tmp_path):
    with pytest.raises(JobError, match=r'a\.json'):
        read_coco(tmp_path / 'a.json', ())
