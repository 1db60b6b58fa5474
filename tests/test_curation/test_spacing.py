from monfap_mm.curation.spacing import middles, spread


def test_middles():
    assert middles(100, 4) == [12, 37, 62, 87]
    assert middles(3, 40) == [0, 1, 2]
    assert middles(7, 1) == [3]


def test_spread():
    assert spread(list('abc'), 3) == ['a', 'b', 'c']
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread(range(21), 3) == [0, 10, 20]
    assert spread(range(5), 1) == [2]
    assert spread([], 4) == []
