import numpy as np
import pytest

from monfap_mm.utils.windows import default_stride, windows


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
