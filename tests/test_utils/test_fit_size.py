import pytest

from monfap_mm.utils.fit_size import fit_size


@pytest.mark.parametrize(
    ('size', 'box', 'expected'),
    [
        ((100, 200), (50, 50), (25, 50)),  # the width decides
        ((200, 100), (50, 50), (50, 25)),  # the height decides
        ((100, 200), (30, 1000), (30, 60)),
        ((10, 20), (50, 50), (25, 50)),  # enlarged
        ((50, 50), (50, 50), (50, 50)),  # exactly
        ((1, 30_000), (540, 610), (1, 610)),  # never nothing
        ((30_000, 1), (540, 610), (540, 1)),
        ((3, 7), (5, 5), (2, 5)),  # 2.14 and 5
        ((100, 200, 3), (50, 50), (25, 50)),
    ],
)
def test_the_box_is_filled_in_one_direction(size, box, expected):
    assert fit_size(size, box) == expected


def test_the_scale_has_a_limit():
    assert fit_size((10, 20), (50, 50), max_scale=1) == (10, 20)
    assert fit_size((10, 20), (50, 50), max_scale=1.5) == (15, 30)
    assert fit_size((10, 20), (50, 50), max_scale=2.5) == (25, 50)
    assert fit_size((100, 200), (50, 50), max_scale=1) == (25, 50)
