import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from monfap_mm.structures import PALETTE, ForgeryResult, Region, find_regions
from monfap_mm.visualization import evidence
from monfap_mm.visualization.evidence import CAPTION, GAP, HEADER, LABEL_RADIUS, MARGIN, draw_evidence
from monfap_mm.visualization.gate_bars import EXPERT_COLORS
from monfap_mm.visualization.panels import FAINT, heat_map

GATES = dict(cd=(0.1, 0.2, 0.25, 0.7), bayar=(0.2, 0.3, 0.25, 0.1), srm=(0.3, 0.4, 0.25, 0.1), hf=(0.4, 0.1, 0.25, 0.1))
# A square picture and its panels.
SIDE = 540
BGR = (200, 100, 0)
PANELS = dict(input=(0, 0), regions=(0, 1), heat=(1, 0), coarse=(1, 1))


def answer(size=(270, 270), boxes=((60, 30, 160, 130),), **values) -> ForgeryResult:
    """P(fake) is 0.25, in the boxes (x1, y1, x2, y2) 0.75, and in the coarse mask 1 in the right half and 0 else."""
    probability = np.full(size, 0.25, np.float16)
    for x1, y1, x2, y2 in boxes:
        probability[y1:y2, x1:x2] = 0.75
    mask = probability > 0.5
    coarse = np.repeat(np.array([[0, 1]], np.float16), 8, axis=0)
    image = np.full((*size, 3), BGR, np.uint8)
    defaults = dict(path='folder/photo.jpg', size=size, score=0.875, label='fake', gates=GATES, coarse=coarse)
    found = dict(mask=mask, probability=probability, regions=find_regions(mask, probability), image=image)
    return ForgeryResult(**(defaults | found | values))


def panel(page: np.ndarray, name: str) -> np.ndarray:
    column, row = PANELS[name]
    left, top = MARGIN + column * (SIDE + GAP), MARGIN + HEADER + CAPTION + row * (SIDE + CAPTION + GAP)
    return page[top : top + SIDE, left : left + SIDE]


def count(picture: np.ndarray, color) -> int:
    return int((picture == np.array(color)).all(axis=-1).sum())


def rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


@pytest.fixture(scope='module')
def page():
    return draw_evidence(answer())


def test_the_input_as_it_is(page):
    assert page.dtype == np.uint8
    np.testing.assert_array_equal(panel(page, 'input'), np.full((SIDE, SIDE, 3), BGR[::-1]))


def test_heat_map_has_the_colors_of_the_probabilities(page):
    low, high = (heat_map(np.round(np.array([[255 * value]])) / 255)[0, 0] for value in (0.25, 0.75))
    heat = panel(page, 'heat')
    assert count(heat, high) == 200 * 200  # twice the size of the picture
    np.testing.assert_array_equal(heat[60:260, 120:320], np.broadcast_to(high, (200, 200, 3)))
    assert count(heat, low) == SIDE**2 - 200 * 200


def test_coarse_mask_is_stretched_over_the_picture(page):
    coarse = panel(page, 'coarse')
    np.testing.assert_array_equal(coarse[:, :270], np.broadcast_to(heat_map(np.zeros((1, 1))), (SIDE, 270, 3)))
    np.testing.assert_array_equal(coarse[:, 270:], np.broadcast_to(heat_map(np.ones((1, 1))), (SIDE, 270, 3)))


def test_scale_runs_from_one_down_to_zero(page):
    left = MARGIN + 2 * (SIDE + GAP) - GAP + 20
    top, bottom = MARGIN + HEADER + CAPTION, MARGIN + HEADER + 2 * (SIDE + CAPTION) + GAP
    scale = page[top:bottom, left + 10]
    np.testing.assert_array_equal(scale[[0, -1]], heat_map(np.array([[1, 0]]))[0])
    middle = heat_map(np.array([[0.5]]))[0, 0].astype(int)
    assert np.abs(scale[len(scale) // 2] - middle).max() < 8


def test_outline_follows_the_mask_and_nothing_is_tinted(page):
    regions = panel(page, 'regions')
    assert count(regions[60:260, 120], PALETTE[1]) > 190  # the left edge
    assert count(regions[70:120, 130:180], BGR[::-1]) == 50 * 50  # inside, beside the number
    assert count(regions[300:], BGR[::-1]) == 240 * SIDE


def test_the_number_stands_in_its_region(page):
    y, x = 160, 220  # its middle
    around = panel(page, 'regions')[y - LABEL_RADIUS + 3 : y + LABEL_RADIUS - 3, x - LABEL_RADIUS + 3 : x - 7]
    assert count(around[5:-5], (255, 255, 255)) > 30
    digit = panel(page, 'regions')[y - 8 : y + 8, x - 6 : x + 6]
    assert digit.min() < 60


def test_bars_are_as_long_as_the_gates(page):
    wide = evidence.INFO_WIDTH - evidence.LEVELS_WIDTH
    left = page.shape[1] - MARGIN - wide
    top = MARGIN + HEADER + CAPTION + evidence.NAMES_HEIGHT
    for level in range(4):
        # A row of pixels through the bar, above its numbers.
        row = page[top + round((level + 0.5) * evidence.BARS_HEIGHT / 4) - 20, left : left + wide]
        shares = [count(row, rgb(EXPERT_COLORS[expert])) / wide for expert in GATES]
        assert shares == pytest.approx([gates[level] for gates in GATES.values()], abs=0.01)


@pytest.mark.parametrize(('label', 'index'), [('real', 0), ('fake', 1)])
def test_the_verdict_has_its_color(label, index):
    header = draw_evidence(answer(label=label))[: MARGIN + HEADER]
    assert count(header, PALETTE[index]) > 1500
    assert count(header, PALETTE[1 - index]) == 0


@pytest.mark.parametrize(('field', 'name'), [('probability', 'heat'), ('coarse', 'coarse')])
def test_what_is_missing_says_so(field, name):
    page = draw_evidence(answer(**{field: None}))
    assert count(panel(page, name), FAINT) > 0.95 * SIDE**2
    assert count(panel(page, 'input'), BGR[::-1]) == SIDE**2


def test_without_gates_there_are_no_bars():
    page = draw_evidence(answer(gates=None))
    assert count(page, rgb(EXPERT_COLORS['cd'])) == 0
    assert count(page, FAINT) > 100_000


@pytest.mark.parametrize(
    'size', [(16, 16), (2000, 2000), (1, 1), (1, 30_000), (30_000, 1), (600, 3000), (3000, 600), (1080, 1920)]
)
def test_pages_are_bounded_whatever_the_size(size):
    height, width = size
    box = (width // 2, height // 2, width // 2 + max(1, width // 4), height // 2 + max(1, height // 4))
    page = draw_evidence(answer(size, [box]))
    assert 600 < page.shape[0] <= 2700
    assert 1300 < page.shape[1] <= 2600
    assert (page[: MARGIN // 2] == 255).all()
    assert (page[:, -20:] == 255).all()


def test_the_smallest_region_of_a_huge_picture_is_outlined(monkeypatch):
    result = answer((4000, 4000), [(3001, 1003, 3005, 1007)])
    assert len(result.regions) == 1
    monkeypatch.setattr(evidence, '_draw_numbers', lambda *_: None)
    regions = panel(draw_evidence(result), 'regions')
    y, x = np.argwhere((regions != np.array(BGR[::-1])).any(axis=2)).mean(axis=0)
    assert abs(x - 3003 * SIDE / 4000) < 1.5
    assert abs(y - 1005 * SIDE / 4000) < 1.5


@pytest.fixture
def texts(monkeypatch):
    """What is written on pages."""
    written, write = [], evidence.Page.text

    def record(page, x, y, text, *args, **style):
        written.append(text)
        return write(page, x, y, text, *args, **style)

    monkeypatch.setattr(evidence.Page, 'text', record)
    return written


def test_what_is_written(texts):
    draw_evidence(answer(note='the first frame'))
    assert texts[:4] == [
        'photo.jpg',
        'FAKE',
        'P(fake) 0.875',
        '270 x 270 pixels  ·  13.7% of them fake  ·  the first frame',
    ]
    assert texts[-4:] == ['1', '0.750', '10000', '(60, 30) to (159, 129)']


def test_after_nine_regions_words_say_the_rest(texts):
    boxes = [(10 + 20 * (i % 12), 10 + 20 * (i // 12), 20 + 20 * (i % 12), 20 + 20 * (i // 12)) for i in range(30)]
    draw_evidence(answer(boxes=boxes))
    assert texts[-2:] == ['and 21 more, with P(fake) 0.75 to 0.75,', '2100 pixels together']
    assert [text for text in texts if text.isdigit() and len(text) < 3] == [str(n) for n in range(1, 10)] * 2


def test_words_tell_the_range_of_the_rest():
    scores = [0.5] * 9 + [0.75, 0.625, 0.875]
    regions = tuple(Region((0, 0, 5, 5), 20, score) for score in scores)
    words = evidence._closing_words(replace(answer(), regions=regions))
    assert words == ['and 3 more, with P(fake) 0.62 to 0.88,', '60 pixels together']


@pytest.mark.parametrize(
    ('size', 'arrangement'),
    [((1000, 549), 'TALL'), ((1000, 551), 'USUAL'), ((1000, 2399), 'USUAL'), ((1000, 2400), 'WIDE')],
)
def test_form_of_the_picture_decides_the_arrangement(size, arrangement):
    assert evidence._arrangement(*size) is getattr(evidence, arrangement)


@pytest.mark.parametrize(
    ('boxes', 'label', 'words'),
    [
        ([], 'real', 'no fake region'),
        ([], 'fake', 'no fake region; the verdict is about the whole picture'),
        ([(5, 5, 8, 8)], 'real', 'no fake region larger than specks'),
    ],
)
def test_no_region(boxes, label, words, texts):
    draw_evidence(answer(boxes=boxes, label=label))
    assert texts[-1] == words


@pytest.mark.parametrize(
    'path', [None, 'x' * 300 + '.jpg', '$\\frac{1}{2}$_^.png', os.fsdecode(b'\xe9\n.png'), '照片/照片.jpg', '']
)
@pytest.mark.filterwarnings('error:Glyph')
def test_odd_names(path):
    page = draw_evidence(answer(path=path))
    assert page.shape == draw_evidence(answer()).shape
    assert (page[:, -20:] == 255).all()


def test_threads_draw_the_same():
    results = [answer(boxes=[(10 * i, 10, 10 * i + 50, 60)]) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for result, page in zip(results, pool.map(draw_evidence, results)):
            np.testing.assert_array_equal(page, draw_evidence(result))


def test_no_answer_no_evidence():
    with pytest.raises(ValueError, match='x.png is empty'):
        draw_evidence(ForgeryResult('x.png', error='x.png is empty'))
    with pytest.raises(ValueError, match='no image'):
        draw_evidence(replace(answer(), image=None))


def test_numbers_are_legible_in_grey(page):
    grey = cv2.cvtColor(panel(page, 'regions'), cv2.COLOR_RGB2GRAY)
    inside = grey[160 - LABEL_RADIUS : 160 + LABEL_RADIUS, 220 - LABEL_RADIUS : 220 + LABEL_RADIUS]
    assert inside.max() - inside.min() > 200
