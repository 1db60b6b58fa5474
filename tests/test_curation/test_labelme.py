import base64
import json
import math

import cv2
import numpy as np
import pytest

from monfap_mm.curation.coco import draw
from monfap_mm.curation.labelme import read_labelme

SIZE = (40, 60)


def shape(label, kind, points, **fields):
    return {'label': label, 'shape_type': kind, 'points': points, **fields}


def read(folder, *shapes, name='a.json', **fields):
    content = {'imagePath': 'a.jpg', 'imageHeight': SIZE[0], 'imageWidth': SIZE[1], 'shapes': list(shapes), **fields}
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))
    return read_labelme(folder, name, 10_000)


def drawn(image):
    (annotation,) = image.annotations
    return draw(annotation.segmentation, *SIZE)


def test_polygon_and_rectangle_draw_the_same(tmp_path):
    polygon = read(tmp_path, shape('Fake', 'polygon', [[10, 5], [30, 5], [30, 25], [10, 25]]))
    rectangle = read(tmp_path, shape('Fake', 'rectangle', [[30, 25], [10, 5]]))
    assert (polygon.size, polygon.annotations[0].category, polygon.problems) == (SIZE, 'fake', [])
    expected = np.zeros(SIZE, bool)
    expected[5:25, 10:30] = True
    np.testing.assert_array_equal(drawn(polygon), expected)
    np.testing.assert_array_equal(drawn(rectangle), expected)


def test_a_circle_has_its_area(tmp_path):
    mask = drawn(read(tmp_path, shape('fake', 'circle', [[30, 20], [30, 32]])))
    assert mask.sum() == pytest.approx(math.pi * 12**2, rel=0.02)
    assert (mask[20, 30], mask[20, 45]) == (True, False)


def test_a_mask_lies_where_its_first_point_is(tmp_path):
    part = np.zeros((6, 9), np.uint8)
    part[2:, 3:] = 255
    text = base64.b64encode(cv2.imencode('.png', part)[1]).decode()
    mask = drawn(read(tmp_path, shape('fake', 'mask', [[20, 10], [28, 15]], mask=text)))
    expected = np.zeros(SIZE, bool)
    expected[12:16, 23:29] = True
    np.testing.assert_array_equal(mask, expected)
    beyond = read(tmp_path, shape('fake', 'mask', [[55, 10], [63, 15]], mask=text))
    assert beyond.problems == ['shape 1 of a.json: its mask lies outside of the picture']


@pytest.mark.parametrize(
    ('path', 'found'),
    [('a.jpg', 'deep/a.jpg'), ('..\\images\\a.jpg', 'images/a.jpg'), ('../../a.jpg', '../a.jpg')],
)
def test_the_picture_is_relative_to_the_file(path, found, tmp_path):
    """One that leads out of the folder is refused where it is opened."""
    assert read(tmp_path, name='deep/a.json', imagePath=path).name == found


@pytest.mark.parametrize(
    ('bad', 'reason'),
    [
        (shape('fake', 'point', [[1, 2]]), 'a point has no area'),
        (shape('fake', 'linestrip', [[1, 2], [3, 4], [5, 5]]), 'a linestrip has no area'),
        (shape('fake', 'polygon', [[1, 2], [3, 4]]), 'a polygon needs three or more points'),
        (shape('fake', 'polygon', [[1, 2, 3]]), 'its points are no pairs x, y'),
        (shape('fake', 'polygon', [[1, math.nan], [3, 4], [5, 6]]), 'its points are no pairs x, y'),
        (shape('fake', 'polygon', 'abc'), 'it is damaged'),
        (shape('fake', 'rectangle', [[1, 2]]), 'it is damaged'),
        (shape(None, 'polygon', [[1, 2], [3, 4], [5, 6]]), 'it is damaged'),
        (shape('fake', 'mask', [[1, 2], [3, 4]], mask='%%'), 'it is damaged'),
        (shape('fake', 'mask', [[1, 2], [3, 4]]), 'it is damaged'),
        ({'label': 'fake'}, 'it is damaged'),
        ('fake', 'it is damaged'),
    ],
)
def test_damage_is_told(bad, reason, tmp_path):
    sound = shape('fake', 'rectangle', [[1, 1], [9, 9]])
    assert read(tmp_path, sound, bad).problems == [f'shape 2 of a.json: {reason}']


def test_a_mask_needs_a_size_that_is_allowed(tmp_path):
    part = base64.b64encode(cv2.imencode('.png', np.ones((2, 2), np.uint8))[1]).decode()
    for height in (None, 10**9, 0, -1):
        image = read(tmp_path, shape('fake', 'mask', [[0, 0], [1, 1]], mask=part), imageHeight=height)
        assert 'a mask needs imageHeight and imageWidth' in image.problems[0]


def test_what_is_no_file_of_labelme(tmp_path):
    for number, text in enumerate(['{"images": []}', '[1]', '3', '{"shapes": 3}']):
        (tmp_path / f'{number}.json').write_text(text)
        assert read_labelme(tmp_path, f'{number}.json', 100) is None
    (tmp_path / 'torn.json').write_text('{"shapes": [')
    assert 'cannot read torn.json' in read_labelme(tmp_path, 'torn.json', 100).problems[0]
    (tmp_path / 'deep.json').write_text('[' * 100_000)
    assert 'cannot read deep.json' in read_labelme(tmp_path, 'deep.json', 100).problems[0]
    assert read(tmp_path, imagePath=None).problems == ['a.json has no imagePath']
