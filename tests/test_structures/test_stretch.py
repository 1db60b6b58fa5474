import pytest

from monfap_mm.structures import Stretch, find_stretches, video_score
from monfap_mm.structures.stretch import JOIN_SECONDS


@pytest.mark.parametrize(
    ('scores', 'score'),
    [
        ([0.25], 0.25),
        ([0.1] * 9 + [1.0], 1.0),
        ([0.25] + [0.0] * 9 + [0.75], 0.5),  # 11 frames: a tenth is two, rounded up
        ([number / 100 for number in range(100)], 0.945),
        ([1.0] * 3 + [0.0] * 997, 0.03),
    ],
)
def test_the_score_is_the_mean_of_the_highest_tenth(scores, score):
    assert video_score(scores) == pytest.approx(score)
    assert video_score(scores[::-1]) == pytest.approx(score)


def test_stretches_end_where_the_next_frame_begins():
    scores = [0.9, 0.6, 0.1, 0.1, 0.8]
    assert find_stretches([0, 1, 2, 3, 4], scores, 0.5, 4.5) == (Stretch(0, 2, 0.9), Stretch(4, 4.5, 0.8))
    assert find_stretches([0, 1, 2, 3, 4], scores, 0.9, 4.5) == ()  # the threshold itself is not above it
    assert find_stretches([], [], 0.5, 0) == ()


@pytest.mark.parametrize(('gap', 'joined'), [(JOIN_SECONDS - 0.125, True), (JOIN_SECONDS, False)])
def test_short_gaps_are_joined(gap, joined):
    found = find_stretches([0, 0.25, 0.25 + gap], [0.75, 0.25, 1], 0.5, 2)
    end = 0.25 + gap
    assert found == ((Stretch(0, 2, 1),) if joined else (Stretch(0, 0.25, 0.75), Stretch(end, 2, 1)))


def test_several_gaps_in_a_row():
    scores = [1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    times = [number / 8 for number in range(13)]
    assert find_stretches(times, scores, 0.5, 13 / 8) == (Stretch(0, 0.625, 1), Stretch(1.5, 1.625, 1))
