"""The coefficients of JPEG files, against the pixels, the authors' loader and files of all kinds."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from scipy.fft import idctn

from monfap_mm.media.errors import BadInput
from monfap_mm.media.jpeg import decode_jpeg
from monfap_mm.media.jpeg_coefficients import compress_anew, read_coefficients

pytest.importorskip('jpeglib')


def noise(height, width, seed=0):
    small = np.random.RandomState(seed).randint(0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, 'JPEG', **options)
    return file.getvalue()


def luma_of(coefficients):
    """Y by dequantization and inverse DCT, at the size of the grid."""
    rows, columns = (length // 8 for length in coefficients.values.shape)
    blocks = coefficients.values.reshape(rows, 8, columns, 8).swapaxes(1, 2) * coefficients.table.astype(float)
    return idctn(blocks, axes=(2, 3), norm='ortho').swapaxes(1, 2).reshape(8 * rows, 8 * columns) + 128


@pytest.mark.parametrize(
    'options',
    [dict(), dict(subsampling=0), dict(subsampling=1), dict(progressive=True), dict(quality=30), dict(optimize=True)],
    ids=str,
)
@pytest.mark.parametrize('size', [(64, 48), (101, 75), (5, 7)])
def test_dequantized_they_are_the_luma(size, options):
    data = jpeg(noise(*size), **options)
    height, width = size
    coefficients = read_coefficients(data)
    luma = np.asarray(Image.open(io.BytesIO(data)).convert('YCbCr'))[..., 0].astype(float)
    assert coefficients.values.shape == (-(-height // 8) * 8, -(-width // 8) * 8)
    found = luma_of(coefficients)[:height, :width].clip(0, 255)
    # Of Pillow's YCbCr, which went through RGB.
    assert np.abs(found - luma).mean() < 1


def test_gray_files_have_luma_too():
    data = jpeg(noise(20, 30).convert('L'))
    luma = np.asarray(Image.open(io.BytesIO(data)), float)
    assert np.abs(luma_of(read_coefficients(data))[:20, :30].clip(0, 255) - luma).max() < 1


def test_the_table_is_that_of_the_luma_as_it_stands_in_the_file():
    data = jpeg(noise(16, 16), quality=75)
    table = read_coefficients(data).table
    assert table[0, :4].tolist() == [8, 6, 5, 8]
    assert table[:4, 0].tolist() == [8, 6, 7, 7]


@pytest.mark.parametrize('mode', ['CMYK', 'RGB'])
def test_files_without_luma_have_none(mode):
    data = jpeg(noise(16, 16).convert(mode), **(dict(keep_rgb=True) if mode == 'RGB' else {}))
    assert read_coefficients(data) is None


def arithmetic():
    """A file that says of itself that it is arithmetic-coded."""
    data = jpeg(noise(16, 16))
    return data.replace(b'\xff\xc0', b'\xff\xc9', 1)


@pytest.mark.parametrize('data', [arithmetic(), jpeg(noise(16, 16))[:200], b'\xff\xd8', b''], ids=len)
def test_what_cannot_be_read_is_named(data):
    with pytest.raises(BadInput, match=r'coefficients of odd\.jpg cannot be read'):
        read_coefficients(data, 'odd.jpg')


def test_without_jpeglib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'jpeglib', None)
    with pytest.raises(ImportError, match=r'"jpeg".*\[jpeg\]'):
        read_coefficients(jpeg(noise(16, 16)))


def test_a_copy_has_a_table_of_ones_and_its_own_pixels():
    image = np.asarray(noise(21, 30))[..., ::-1]
    pixels, coefficients = compress_anew(image)
    assert (coefficients.table == 1).all()
    assert coefficients.values.shape == (24, 32)
    assert 0 < np.abs(pixels.astype(int) - image).max() < 6
    luma = np.asarray(Image.fromarray(pixels[..., ::-1]).convert('YCbCr'))[..., 0]
    assert np.abs(luma_of(coefficients)[:21, :30] - luma).mean() < 1


def test_threads_do_not_mix_files():
    files = [jpeg(noise(40 + 8 * i, 64, seed=i), quality=50 + i) for i in range(8)]
    alone = [read_coefficients(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_coefficients, files * 20))
    for expected, found in zip(alone * 20, together, strict=True):
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found.table, expected.table)


def test_hostile_bytes_end_in_coefficients_or_in_an_error():
    rng, data = np.random.RandomState(0), jpeg(noise(40, 40))
    outcomes = set()
    for _ in range(300):
        hurt = bytearray(data)
        for place in rng.randint(2, len(data), 3):
            hurt[place] = rng.randint(256)
        try:
            decode_jpeg(bytes(hurt))  # what every picture has passed before
            found = read_coefficients(bytes(hurt))
            outcomes.add(None if found is None else 'read')
        except (BadInput, ValueError):
            outcomes.add('refused')
    assert {'read', 'refused'} <= outcomes
