import numpy as np
import pytest
import torch

from monfap_mm.utils.windows import average_windows, default_stride, windows


@pytest.mark.parametrize('size', [(7, 7), (8, 12), (20, 33), (3, 40)])
def test_windows_cover_the_image_and_stay_inside(size):
    count = np.zeros(size, int)
    for rows, columns in windows(size, (8, 12), (5, 8)):
        assert rows.stop - rows.start == 8
        assert size[0] < 8 or rows.stop <= size[0]
        assert size[1] < 12 or columns.stop <= size[1]
        count[rows, columns] += 1
    assert count.min() > 0


def test_the_last_windows_are_moved_back_inside():
    corners = [(rows.start, columns.start) for rows, columns in windows((10, 20), (8, 12), (5, 8))]
    assert corners == [(0, 0), (0, 8), (2, 0), (2, 8)]


def test_windows_overlap_by_a_third():
    assert default_stride((512, 96)) == (341, 64)
    assert default_stride((1, 1)) == (1, 1)


@pytest.mark.parametrize('zeros', [np.zeros, torch.zeros])
def test_maps_are_averaged_where_windows_overlap(zeros):
    """Three windows in a row of 5 columns, whose columns 2 and 3 two windows share; the maps have other values each."""
    places = [(slice(0, 2), slice(start, start + 2)) for start in (0, 2, 3)]
    maps = [(zeros((1, 2, 2)) + value, zeros((3, 1, 2, 2)) - 10 * value) for value in (1, 2, 6)]
    first, second = average_windows(zip(places, maps), (2, 5), zeros)
    row = np.array([1, 1, 2, 4, 6])
    np.testing.assert_array_equal(first, np.tile(row, (1, 2, 1)))
    np.testing.assert_array_equal(second, np.tile(-10 * row, (3, 1, 2, 1)))


def test_windows_are_taken_one_by_one():
    """A generator may compute them, in memory for one."""
    alive = []

    def parts():
        for window in windows((4, 12), (4, 4), (4, 4)):
            alive.append(window)
            yield window, [np.ones((4, 4))]

    (mean,) = average_windows(parts(), (4, 12), np.zeros)
    assert len(alive) == 3
    assert (mean == 1).all()
