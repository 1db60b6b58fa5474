import cv2
import numpy as np
import pytest

from monfap_mm.structures import PALETTE, FrameScore, Stretch, VideoResult
from monfap_mm.visualization.timeline import clock, draw_timeline


def answer(stretches=()) -> VideoResult:
    frames = tuple(FrameScore(index, index / 10, 0.9 if 25 <= index < 50 else 0.1, 0, 0.0) for index in range(100))
    return VideoResult('a.mp4', (6, 8), 10, 10, 100, 0.9, 'fake', frames, stretches)


def draw(result, threshold=0.5) -> np.ndarray:
    png = draw_timeline(result, threshold, r'a $\title$ 日本')
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def columns_of(picture, color, rows=slice(None)) -> np.ndarray:
    return np.flatnonzero((abs(picture[rows].astype(int) - color).max(axis=2) <= 2).any(axis=0))


@pytest.mark.filterwarnings('ignore:Glyph')
def test_suspect_stretches_are_shaded():
    picture = draw(answer((Stretch(2.5, 5, 0.9),)))
    assert picture.shape == (480, 1500, 3)
    shaded = columns_of(picture, 255 - 0.25 * (255 - np.array(PALETTE[1])))
    line = columns_of(picture, (0, 0x72, 0xB2))
    left, width = line[0], line[-1] - line[0]
    assert (shaded[0] - left) / width == pytest.approx(0.25, abs=0.01)
    assert (shaded[-1] - left) / width == pytest.approx(0.5, abs=0.01)
    assert columns_of(picture, PALETTE[1])[[0, -1]] == pytest.approx(shaded[[0, -1]], abs=2)  # the bar
    assert len(columns_of(draw(answer()), PALETTE[1])) == 0


@pytest.mark.filterwarnings('ignore:Glyph')
def test_the_line_and_the_threshold_are_at_their_height():
    picture = draw(answer())
    line = (abs(picture.astype(int) - (0, 0x72, 0xB2)).max(axis=2) <= 2).sum(axis=1)
    low, high = np.flatnonzero(line > 600)[-1], np.flatnonzero(line > 250)[0]
    height = (low - high) / 0.8  # from 0.1 to 0.9
    dashes = (abs(picture.astype(int) - 64).max(axis=2) <= 2).sum(axis=1)
    (row, *_) = np.flatnonzero(dashes > 400)
    assert (low - row) / height == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [(0, '0:00.00'), (9.996, '0:10.00'), (59.999, '1:00.00'), (75.25, '1:15.25'), (3723.5, '1:02:03.50')],
)
def test_clock(seconds, text):
    assert clock(seconds) == text
