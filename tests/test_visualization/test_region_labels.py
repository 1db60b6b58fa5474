import numpy as np
import pytest

from monfap_mm.visualization.region_labels import place_labels

RADIUS = 10
ROOM = (0, 0, 400, 300)


def distances(centers) -> np.ndarray:
    points = np.array(centers)
    return np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))[np.triu_indices(len(points), 1)]


def test_a_large_region_has_its_number_in_the_middle():
    assert place_labels([(100, 50, 200, 150)], ROOM, RADIUS) == [(150, 100)]


def test_a_tiny_region_has_its_number_beside_it():
    ((x, y),) = place_labels([(100, 100, 104, 104)], ROOM, RADIUS)
    assert 10 <= np.hypot(x - 102, y - 102) <= 20


@pytest.mark.parametrize('corner', [(0, 0), (396, 0), (0, 296), (396, 296)])
def test_numbers_stay_in_the_room(corner):
    ((x, y),) = place_labels([(*corner, corner[0] + 4, corner[1] + 4)], ROOM, RADIUS)
    assert RADIUS <= x <= 400 - RADIUS
    assert RADIUS <= y <= 300 - RADIUS
    assert np.hypot(x - corner[0], y - corner[1]) < 4 * RADIUS


def test_numbers_of_a_crowd_do_not_hide_each_other():
    rng = np.random.default_rng(0)
    corners = rng.uniform((180, 130), (220, 160), (9, 2))
    boxes = np.hstack([corners, corners + 5])
    assert distances(place_labels(boxes, ROOM, RADIUS)).min() >= 2 * RADIUS


def test_a_number_does_not_hide_a_neighbour():
    ((x, y), _) = place_labels([(100, 100, 104, 104), (112, 90, 124, 114)], ROOM, RADIUS)
    assert x + RADIUS <= 112 or abs(y - 102) > 12 + RADIUS


def test_no_regions_and_no_room():
    assert place_labels([], ROOM, RADIUS) == []
    assert place_labels([(0, 0, 4, 4)], (0, 0, 4, 4), RADIUS) == [(RADIUS, RADIUS)]
