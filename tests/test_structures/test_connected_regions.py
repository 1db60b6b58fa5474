import numpy as np

from monfap_mm.structures.connected_regions import drop_specks, label_regions


def test_regions_touch_at_corners_and_specks_are_left_out():
    mask = np.zeros((12, 20), bool)
    mask[0:4, 0:4] = mask[4:8, 4:8] = True  # one region, by a corner
    mask[0:3, 10:15] = True  # 15 pixels
    mask[8:12, 16:20] = True  # 16 pixels
    labels = label_regions(mask)
    assert set(np.unique(labels)) == {0, 1, 2}
    assert labels[0, 0] == labels[7, 7] != labels[8, 16]
    assert not labels[0:3, 10:15].any()
    assert (labels[8:12, 16:20] > 0).all()


def test_an_empty_mask_has_no_regions():
    assert not label_regions(np.zeros((5, 6), bool)).any()


def test_numbers_stay_in_order_without_gaps():
    labels = np.repeat([0, 3, 1, 2], [20, 16, 15, 17]).reshape(4, 17)
    np.testing.assert_array_equal(drop_specks(labels).ravel(), np.repeat([0, 2, 0, 1], [20, 16, 15, 17]))
