import numpy as np
import pytest

from monfap_mm.visualization import panels


@pytest.mark.parametrize(
    ('image', 'shown'),
    [
        ((128, 128), (256, 256)),
        ((300, 400), (300, 400)),
        ((2000, 2000), (384, 384)),
        ((1500, 2000), (384, 512)),
        ((300, 3000), (58, 576)),
        ((2000, 4), (384, 1)),
    ],
)
def test_panel_size(image, shown):
    assert panels.panel_size(*image) == shown


@pytest.mark.parametrize('axis', [0, 1])
def test_what_shrinks_one_way_only_is_averaged_too(axis):
    """Every tenth line is bright; between the lines that bilinear interpolation reads there are nine dark ones."""
    image = np.zeros((1000, 4), np.uint8)
    image[::10] = 250
    size = (100, 4)
    if axis == 1:
        image, size = np.ascontiguousarray(image.T), size[::-1]
    np.testing.assert_array_equal(panels.resize(image, size), np.full(size, 25))


def test_heat_map_has_the_colors_of_inferno():
    """Red, green, blue, as Matplotlib's table has them."""
    picture = panels.heat_map(np.array([[0, 0.5, 1]]))
    np.testing.assert_allclose(picture[0], [(0, 0, 4), (188, 55, 84), (252, 255, 164)], atol=3)


def test_gray_mask():
    picture = panels.gray_mask(np.array([[0, 1, 255]], np.uint8))
    assert picture.tolist() == [[[0, 0, 0], [255, 255, 255], [128, 128, 128]]]


def test_heat_map_brightens_with_probability():
    picture = panels.heat_map(np.linspace(-0.1, 1.1, 13, dtype=np.float32)[None])
    brightness = picture[0].astype(int).sum(axis=1)
    assert (np.diff(brightness) >= 0).all()
    assert picture[0, 0].tolist() == picture[0, 1].tolist()  # clipped below 0
    assert picture[0, -1].tolist() == picture[0, -2].tolist()  # and above 1
    red, _, blue = picture[0, 7].tolist()
    assert red > blue


def test_overlay():
    image = np.full((60, 60, 3), 100, np.uint8)
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 20:40] = 1
    mask[50:, :] = 255
    picture = panels.overlay(image, mask, (200, 0, 100), alpha=0.5)
    assert picture[30, 30].tolist() == [150, 50, 100]
    assert picture[20, 30].tolist() == [200, 0, 100]  # outline
    np.testing.assert_array_equal(picture[:15], 100)
    np.testing.assert_array_equal(picture[50:], 100)
    np.testing.assert_array_equal(image, 100)


def test_center():
    panel = panels.center(np.zeros((300, 56, 3), np.uint8))
    assert panel.shape == (300, 256, 3)
    np.testing.assert_array_equal(panel[:, 100:156], 0)
    np.testing.assert_array_equal(panel[:, :100], 255)
    assert panels.center(np.zeros((56, 300, 3), np.uint8)).shape == (256, 300, 3)


def test_side_by_side():
    dark, light = (np.full((256, 256, 3), value, np.uint8) for value in (10, 200))
    picture = panels.side_by_side([('one', dark), ('two', light)])
    left = panels.GAP
    body = picture[panels.CAPTION_HEIGHT : panels.CAPTION_HEIGHT + 256]
    np.testing.assert_array_equal(body[:, left : left + 256], 10)
    np.testing.assert_array_equal(body[:, left + 256 + panels.GAP : -panels.GAP], 200)
    captions = picture[: panels.CAPTION_HEIGHT]
    assert captions[:, left : left + 256].min() < 100  # something is written over each panel
    assert captions[:, -256:].min() < 100


def test_tag_is_of_its_color():
    panel = panels.write_tag(np.zeros((256, 256, 3), np.uint8), 'P(fake) 0.97  fake', (213, 94, 0))
    tag = (panel == (213, 94, 0)).all(axis=2)
    assert tag[:50, :220].sum() > 1000
    assert not tag[60:].any()
