"""The perturbations that are not albumentations'."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from monfap_mm.datasets.perturbations.own import compress, edge_overlay, jigsaw, noise, snow

from ..files import photo


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize('quality', [90, 50, 10])
def test_jpeg_has_the_quality(monkeypatch, quality):
    written, encode = [], cv2.imencode
    monkeypatch.setattr(cv2, 'imencode', lambda *args: written.append(encode(*args)[1]) or (True, written[-1]))
    image = photo(48, 64)
    result, mask = compress(image, None, rng(), '.jpg', quality)
    assert mask is None
    buffer = io.BytesIO()
    Image.fromarray(image[..., ::-1]).save(buffer, 'JPEG', quality=quality)
    with Image.open(io.BytesIO(written[0].tobytes())) as ours, Image.open(buffer) as pillow:
        assert ours.quantization == pillow.quantization
        # Pillow's encoder is told RGB and ours BGR: equal pictures show that no channel is mistaken for another.
        assert np.abs(np.asarray(pillow, int)[..., ::-1] - result).mean() < 0.5


def test_webp_loses_more_at_lower_quality():
    image = photo(48, 64)
    losses = [np.abs(compress(image, None, rng(), '.webp', q)[0].astype(int) - image).mean() for q in (80, 10)]
    assert 0 < losses[0] < losses[1]


@pytest.mark.parametrize(('kind', 'kurtosis'), [('gaussian', 3), ('laplace', 6)])
def test_noise_has_the_standard_deviation_and_shape(kind, kurtosis):
    gray = np.full((200, 200, 3), 128, np.uint8)
    result = noise(gray, None, rng(), kind, 10)[0].astype(float) - 128
    assert abs(result.mean()) < 0.1
    assert result.std() == pytest.approx(10, rel=0.02)
    assert (result**4).mean() / result.var() ** 2 == pytest.approx(kurtosis, rel=0.05)
    assert np.corrcoef(result[..., 0].ravel(), result[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_edge_overlay_of_a_step():
    image = np.full((6, 8, 3), 100, np.uint8)
    image[:, 4:] = 140
    expected = 0.75 * image
    # The Sobel kernel weighs a step by 4; half of that is shown, in the two columns beside it.
    expected[:, 3:5] += 0.25 * (4 * 40) / 2
    np.testing.assert_array_equal(edge_overlay(image, None, rng(), 0.25)[0], expected)


def test_jigsaw_swaps_two_neighbours():
    grid, side = 4, 5
    tiles = np.kron(np.arange(grid**2).reshape(grid, grid), np.ones((side, side), int)).astype(np.uint8)
    tiles = np.pad(tiles, ((0, 3), (0, 2)), constant_values=99)
    image, mask = np.repeat(tiles[..., None], 3, axis=2), (tiles % 2).astype(np.uint8)
    new_image, new_mask = jigsaw(image, mask, rng(), grid, 1)
    moved = np.unique(tiles[new_image[..., 0] != tiles])
    assert len(moved) == 2
    assert moved[1] - moved[0] in (1, grid)
    swapped = np.where(tiles == moved[0], moved[1], np.where(tiles == moved[1], moved[0], tiles))
    np.testing.assert_array_equal(new_image[..., 1], swapped)
    np.testing.assert_array_equal(new_mask, swapped % 2)
    without_mask, nothing = jigsaw(image, None, rng(), grid, 1)
    np.testing.assert_array_equal(without_mask, new_image)
    assert nothing is None


def test_snow_falls_where_it_is_drawn():
    image = np.full((60, 80, 3), 50, np.uint8)
    density, radius = 0.002, 1.5
    result, _ = snow(image, None, rng(), density, radius)
    flakes = rng().random((60, 80)) < density
    assert flakes.any()
    assert (result[flakes] == 255).all()
    distance = cv2.distanceTransform(np.uint8(~flakes), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert (result[distance > 8 * radius] == 50).all()
    assert (result >= 50).all()
