from monfap_mm.curation.duplicates import Duplicates


def test_within_and_across_groups():
    found = Duplicates()
    for key, group, name in (
        (1, 'train', 'a'),
        (2, 'train', 'b'),
        (1, 'train', 'c'),
        (1, 'test', 'd'),
        (1, 'test', 'e'),
        (1, 'val', 'f'),
        (3, 'val', 'g'),
    ):
        found.add(key, group, name)
    assert found.within == [('a', 'c'), ('d', 'e')]
    assert found.across == [('a', 'd'), ('a', 'f')]
