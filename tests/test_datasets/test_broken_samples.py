import pytest

from monfap_mm.datasets import broken_samples
from monfap_mm.datasets.broken_samples import BrokenSamples


def judge(labels, broken=(), good=(), **options):
    samples = BrokenSamples(len(labels), **{'max_share': 0.1, 'patience': 20, **options})
    for index in broken:
        samples.add(index, broken=True)
    for index in good:
        samples.add(index, broken=False)
    return samples.verdict(labels.__getitem__)


FORTY = 40 * [0] + 40 * [1]


@pytest.mark.parametrize(
    ('broken', 'good', 'verdict'),
    [
        ((), range(80), None),
        # A share of 4 in 40 is allowed, and it is of all fakes, not of those that were read so far.
        (range(40, 44), range(40), None),
        (range(40, 45), range(40), '5 of 40 fake samples are known to be broken, and at most 10% may be (max_broken)'),
        (range(5), range(40, 80), '5 of 40 real samples are known to be broken, and at most 10% may be (max_broken)'),
        # Nothing is sound: the number in a row decides.
        (range(80), (), None),
    ],
)
def test_share_of_each_label(broken, good, verdict):
    assert judge(FORTY, broken, good) == verdict


@pytest.mark.parametrize(('broken', 'stops'), [(range(3, 22), False), (range(3, 23), True)])
def test_a_label_without_a_sound_sample_needs_as_many_as_the_patience(broken, stops):
    verdict = judge([0, 0, 0] + 1000 * [1], broken, good=[0])
    assert verdict == ('all fake samples that were read are broken (20 of 20)' if stops else None)


def test_a_label_of_one_sample():
    assert judge([0, 0, 1], broken=[2], good=[0]) == 'all fake samples that were read are broken (1 of 1)'
    assert judge([0, 0, 1, 1], broken=[2], good=[0, 3]) is None
    assert judge([0, 0, 1, 1, 1], broken=[2, 3], good=[0, 4]) is not None


def test_a_sample_counts_once_and_its_last_state_counts():
    assert judge(FORTY, broken=9 * [40, 41, 42, 43], good=range(40)) is None
    assert judge(FORTY, broken=range(40, 46), good=[0, *range(41, 46)]) is None


def test_a_process_of_several_judges_by_what_it_reads(monkeypatch):
    """Of 40 fakes, each of 4 processes reads 10 in an epoch: 2 are 20%."""
    assert judge(FORTY, broken=[40, 41], good=range(8)) is None
    monkeypatch.setattr(broken_samples, 'get_world_size', lambda: 4)
    assert judge(FORTY, broken=[40, 41], good=[0, *range(42, 50)]).startswith('2 of 40 fake samples')
    assert judge(FORTY, broken=[40, 41], good=[0, *range(42, 60)]) is None
