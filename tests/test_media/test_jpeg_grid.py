"""Pictures beside their coefficients: parts and mirror images are what they would be as files of their own."""

import io

import numpy as np
import pytest
from PIL import Image

from monfap_mm.media.jpeg import decode_jpeg
from monfap_mm.media.jpeg_coefficients import JpegCoefficients, read_coefficients
from monfap_mm.media.jpeg_grid import COEFFICIENT, PIXELS, STEP, cut, mirrored, to_grid

from .test_jpeg_coefficients import jpeg, luma_of, noise

pytest.importorskip('jpeglib')


def grid_of(height, width):
    data = jpeg(noise(height, width), quality=60, subsampling=0)
    return to_grid(decode_jpeg(data)[0], *read_coefficients(data))


def luma(grid):
    return luma_of(JpegCoefficients(grid[..., COEFFICIENT], grid[:8, :8, STEP]))


def test_channels():
    pixels, values, table = np.full((5, 7, 3), 9), np.arange(64).reshape(8, 8), np.arange(1, 65).reshape(8, 8)
    grid = to_grid(pixels, values, table)
    assert grid.shape == (8, 8, 5)
    assert (grid[:5, :7, PIXELS] == 9).all()
    assert (grid[5:, :, PIXELS] == -1).all()
    assert (grid[:, 7:, PIXELS] == -1).all()
    np.testing.assert_array_equal(grid[..., COEFFICIENT], values)
    np.testing.assert_array_equal(grid[..., STEP], table)


@pytest.mark.parametrize('axis', [0, 1])
def test_a_mirror_image_has_the_coefficients_of_the_mirrored_picture(axis):
    grid = grid_of(40, 24)
    flipped = mirrored(grid, axis)
    np.testing.assert_allclose(luma(flipped), np.flip(luma(grid), axis), atol=1e-9)
    np.testing.assert_array_equal(flipped[..., PIXELS], np.flip(grid[..., PIXELS], axis))
    np.testing.assert_array_equal(flipped[..., STEP], grid[..., STEP])
    np.testing.assert_array_equal(mirrored(flipped, axis), grid)


def test_a_mirror_image_that_is_written_as_a_file_shows_the_mirrored_picture(tmp_path):
    jpeglib = pytest.importorskip('jpeglib')
    data = jpeg(noise(16, 24).convert('L'), quality=90)
    grid = to_grid(decode_jpeg(data)[0], *read_coefficients(data))
    flipped = mirrored(grid)[..., COEFFICIENT]
    path = tmp_path / 'flipped.jpg'
    path.write_bytes(data)
    image = jpeglib.read_dct(str(path))
    image.Y = np.ascontiguousarray(flipped.reshape(2, 8, 3, 8).swapaxes(1, 2)).astype(np.int16)
    image.write_dct(str(path))
    shown = np.asarray(Image.open(path)).astype(int)
    before = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(shown - before[:, ::-1]).max() <= 1


def test_a_part_is_a_grid_of_its_own():
    grid = grid_of(40, 48)
    part = cut(grid, 8, 16, 24, 16)
    np.testing.assert_array_equal(part, grid[8:32, 16:32])
    np.testing.assert_allclose(luma(part), luma(grid)[8:32, 16:32])


def test_beyond_the_picture_there_are_no_pixels_and_no_coefficients():
    grid = grid_of(16, 24)
    part = cut(grid, 8, 0, 24, 40)
    np.testing.assert_array_equal(part[:8, :24], grid[8:])
    for beyond in (part[8:], part[:, 24:]):
        assert (beyond[..., PIXELS] == -1).all()
        assert (beyond[..., COEFFICIENT] == 0).all()
    np.testing.assert_array_equal(part[8:16, 24:32, STEP], grid[:8, :8, STEP])
