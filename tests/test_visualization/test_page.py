import numpy as np
import pytest

from monfap_mm.visualization import page as page_module
from monfap_mm.visualization.page import Page, readable


def ink(page: Page) -> tuple[int, int, int, int]:
    """Box of what is not white: x1, y1, x2, y2."""
    rows, columns = np.nonzero((page.render() < 128).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_pictures_are_placed_pixel_for_pixel():
    picture = np.random.default_rng(0).integers(0, 256, (31, 47, 3), dtype=np.uint8)
    page = Page(301, 203)
    page.picture(20, 60, picture)
    rendered = page.render()
    assert rendered.shape == (203, 301, 3)
    np.testing.assert_array_equal(rendered[60:91, 20:67], picture)
    np.testing.assert_array_equal(rendered[:50], 255)


def test_text_stands_where_it_is_put_and_tells_its_ends():
    page = Page(400, 100)
    left, right = page.text(50, 30, 'HHH', 12)
    x1, y1, x2, y2 = ink(page)
    assert abs(x1 - left) < 4 and abs(x2 - right) < 4  # noqa: PT018
    assert abs((y1 + y2) / 2 - 30) < 3


def test_a_long_line_loses_its_middle():
    page = Page(600, 50)
    page.text(0, 25, 'A' * 40 + 'mmm' * 200 + 'A' * 40 + '.jpg', 12, max_width=500)
    x1, _, x2, _ = ink(page)
    assert 400 < x2 - x1 <= 502
    short, other = Page(600, 50), Page(600, 50)
    short.text(0, 25, 'short.jpg', 12, max_width=500)
    other.text(0, 25, 'short.jpg', 12)
    np.testing.assert_array_equal(short.render(), other.render())


def test_dollars_are_no_mathematics():
    page, other = Page(400, 50), Page(400, 50)
    page.text(0, 25, '$x_1$', 12)
    other.text(0, 25, 'x_1', 12)
    assert ink(page)[2] > ink(other)[2] + 20  # two characters more


@pytest.mark.filterwarnings('error:Glyph')
def test_what_the_fonts_lack_is_escaped(monkeypatch):
    monkeypatch.setattr(page_module, '_characters', lambda: frozenset(map(ord, r'\abcé.xen9')))
    assert readable('abcé.照') == r'abcé.\u7167'
    assert readable('a\udce9\n') == r'a\xe9\n'
    monkeypatch.undo()
    assert readable('фото é 1.jpg') == 'фото é 1.jpg'
    page = Page(400, 50)
    page.text(0, 25, 'x\U00012345\u0378', 12)  # cuneiform, and no character at all
    page.render()


def test_line_and_disc():
    page = Page(100, 100)
    page.line([(10, 20), (90, 20)], 'black', 2)
    page.disc(50, 60, 12)
    rendered = page.render()
    assert (rendered[20, 15:85] < 100).all()
    np.testing.assert_array_equal(rendered[60, 50], 255)
    assert rendered[60, 37:40].min() < 128  # its edge
