import numpy as np
import pytest

from monfap_mm.structures import Region, find_regions


def test_box_area_and_score_largest_first():
    probability = np.zeros((40, 60), np.float16)
    probability[2:6, 3:9] = 0.75  # 4 x 6
    probability[20:30, 40:60] = 0.625  # 10 x 20, at the border
    assert find_regions(probability > 0.5, probability) == (
        Region((40, 20, 60, 30), 200, pytest.approx(0.625)),
        Region((3, 2, 9, 6), 24, pytest.approx(0.75)),
    )


def test_score_is_the_mean_of_the_regions_own_pixels():
    mask = np.zeros((20, 20), bool)
    mask[:8, :4] = mask[8:12, :12] = True  # an L, whose box has other pixels
    probability = np.where(mask, 0.5, 0.0)
    probability[0, 0] = 1.0
    (region,) = find_regions(mask, probability)
    assert region.box == (0, 0, 12, 12)
    assert region.area == 80
    assert region.score == pytest.approx((79 * 0.5 + 1) / 80)


def test_specks_are_left_out_and_diagonals_connect():
    mask = np.zeros((20, 20), bool)
    mask[0, :15] = True  # 15 pixels
    assert find_regions(mask, mask.astype(float)) == ()
    mask[1, 15] = True  # the sixteenth, a neighbour over the corner
    assert find_regions(mask, mask.astype(float)) == (Region((0, 0, 16, 2), 16, 1.0),)
