import json

import cv2
import numpy as np
import pytest

from monfap_mm.forging import KINDS, FaceSource, forge
from monfap_mm.forging.regions import Window, ellipse_coverage, warp_box
from monfap_mm.forging.traces import History
from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_portrait, render_scene


@pytest.fixture(scope='module')
def group():
    """A picture of a group, its boxes, and two sources."""
    rng = np.random.default_rng(7)
    scene = render_scene(rng, 128)
    image = Camera.sample(rng).capture(scene.radiance, rng)
    sources = []
    for _ in range(2):
        portrait = render_portrait(rng, 64)
        sources.append(FaceSource(Camera.sample(rng).capture(portrait.radiance, rng), portrait.boxes[0]))
    return image, scene.boxes, sources


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('seed', range(4))
def test_mask_is_the_changed_region(group, kind, seed):
    image, boxes, sources = group
    before = image.copy()
    forgery = forge(image, boxes, sources, np.random.default_rng(seed), kinds=[kind])
    np.testing.assert_array_equal(image, before)
    change = np.abs(forgery.image.astype(int) - image).max(axis=2)
    assert forgery.mask.shape == image.shape[:2]
    assert forgery.mask.dtype == bool
    assert forgery.mask.any()
    reach = int(np.ceil(max(record['feather'] for record in forgery.records) / 2)) + 1
    reachable = cv2.dilate(forgery.mask.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
    assert change[~reachable].max() == 0
    assert (change[forgery.mask] > 0).mean() > 0.8
    for record in forgery.records:
        x1, y1, x2, y2 = record['box']
        assert record['kind'] == kind
        assert forgery.mask[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1].any()
    json.dumps(forgery.records)


def test_faces_left_alone_stay_untouched(group):
    image, boxes, sources = group
    assert len(boxes) > 1
    forgery = forge(image, boxes, sources, np.random.default_rng(0), kinds=['splice'], count=1)
    assert len(forgery.records) == 1
    forged = boxes[forgery.records[0]['face']]
    area = np.pi / 4 * (forged[2] - forged[0]) * (forged[3] - forged[1])
    assert forgery.mask.sum() == pytest.approx(area, rel=0.05)


def test_count_is_drawn_between_one_and_all(group):
    image, boxes, sources = group
    counts = {len(forge(image, boxes, sources, np.random.default_rng(seed)).records) for seed in range(40)}
    assert counts == set(range(1, len(boxes) + 1))


def test_same_state_same_forgery(group):
    first, second = (forge(*group, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.mask, second.mask)
    assert first.records == second.records


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('box', [(-12, -9, 30, 40), (-60, -60, 10, 10), (0, 0, 128, 128), (40, -30, 80, 8)])
def test_boxes_at_the_border(group, kind, box):
    """Also of a face that hardly shows, some of what shows is forged, and nothing outside its box."""
    image, _, sources = group
    for seed in range(6):
        forgery = forge(
            image, np.array([box, (90, 90, 120, 128)]), sources, np.random.default_rng(seed), [kind], count=2
        )
        x1, y1, x2, y2 = np.clip(box, 0, 128)
        assert forgery.mask[y1:y2, x1:x2].any()
        forgery.mask[y1:y2, x1:x2] = False
        forgery.mask[90:128, 90:120] = False
        assert not forgery.mask.any()


@pytest.mark.parametrize(
    'box',
    [(10, 10, 11, 11), (10, 10, 10, 40), (200, 10, 240, 50), (-60, 10, -20, 50), (125, 10, 160, 50), (50, 50, 20, 20)],
)
def test_unusable_box_is_named(group, box):
    image, boxes, sources = group
    with pytest.raises(ValueError, match=r'Face box 1 .* less than 8 x 8 pixels'):
        forge(image, [boxes[0], box], sources, np.random.default_rng(0))


@pytest.mark.parametrize('boxes', [[1, 2, 3, 4], [[1, 2, 3]], [[0, 0, np.nan, 9]]])
def test_malformed_boxes(group, boxes):
    with pytest.raises(ValueError, match=r'shape \(N, 4\)'):
        forge(group[0], boxes, group[2], np.random.default_rng(0))


def test_impossible_requests(group):
    image, boxes, sources = group
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match='Unknown kinds'):
        forge(image, boxes, sources, rng, kinds=['deepfake'])
    with pytest.raises(ValueError, match='need a source'):
        forge(image, boxes, [], rng, kinds=['splice'])
    with pytest.raises(ValueError, match='swap needs two'):
        forge(image, boxes[:1], sources, rng, kinds=['swap'])
    with pytest.raises(ValueError, match='Nothing to forge'):
        forge(image, np.zeros((0, 4)), sources, rng)
    with pytest.raises(ValueError, match='uint8 BGR'):
        forge(image[..., 0], boxes, sources, rng)
    with pytest.raises(ValueError, match='count is 9'):
        forge(image, boxes, sources, rng, count=9)


def test_warp_moves_box_onto_box():
    """A half-tone square that fills the source box fills the target box afterwards, to the pixel."""
    image = np.zeros((40, 40), np.uint8)
    image[10:20, 5:25] = 200
    window = Window(0, 0, 40, 40)
    warped = warp_box(image, np.array([5.0, 10, 25, 20]), np.array([8.0, 4, 28, 14]), window)
    expected = np.zeros_like(image)
    expected[4:14, 8:28] = 200
    np.testing.assert_array_equal(warped, expected)
    enlarged = warp_box(image, np.array([5.0, 10, 25, 20]), np.array([0.0, 0, 40, 20]), window)
    assert (enlarged[1:19, 1:39] == 200).all()
    assert enlarged[22:].max() == 0


def test_ellipse_has_its_area_and_feather():
    box = np.array([10.0, 5, 50, 35])
    window = Window.around(box, (60, 60), 8)
    hard, soft = (ellipse_coverage(box, window, feather) for feather in (0, 4))
    assert hard.sum() == pytest.approx(np.pi * 20 * 15, rel=0.01)
    assert (soft >= 0.5).sum() == pytest.approx(np.pi * 20 * 15, rel=0.02)
    assert set(np.unique(hard)) <= {0.0, 0.5, 1.0} or np.mean((hard > 0) & (hard < 1)) < 0.02
    assert ((soft > 0) & (soft < 1)).sum() > 100


def test_history_changes_what_it_says():
    piece = np.full((48, 48, 3), 120, np.uint8)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(History().apply(piece, rng), piece)
    noisy = History(noise=10.0).apply(piece, rng).astype(float)
    assert noisy.std() == pytest.approx(10, rel=0.02)
    tinted = History(gains=(1.2, 1.0, 0.8)).apply(piece, rng)
    assert tinted[0, 0].tolist() == [144, 120, 96]
    texture = rng.integers(0, 255, (48, 48, 3)).astype(np.uint8)
    for history in (History(resample=0.5), History(quality=10, grid=(3, 5))):
        changed = history.apply(texture, rng)
        assert changed.shape == texture.shape
        assert cv2.Laplacian(changed, cv2.CV_64F).var() < 0.5 * cv2.Laplacian(texture, cv2.CV_64F).var()
