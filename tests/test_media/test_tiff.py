import io
import random
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from monfap_mm.media.errors import BadInput
from monfap_mm.media.images import read_mask, read_picture
from monfap_mm.media.tiff import FLOATS

COMPRESSIONS = ('tiff_lzw', 'tiff_adobe_deflate', 'jpeg')


def encoded(compression: str) -> bytes:
    contents = io.BytesIO()
    noise = np.random.default_rng(0).normal(128, 50, (48, 64, 1)).clip(0, 255).astype(np.uint8)
    Image.fromarray(np.repeat(noise, 3, axis=2)).save(contents, 'TIFF', compression=compression)
    return contents.getvalue()


@pytest.mark.parametrize('compression', COMPRESSIONS)
def test_what_is_damaged_prints_nothing(capfd, compression):
    """libtiff would write to the file descriptor, past Python."""
    whole, refused = encoded(compression), set()
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        for seed in range(40):
            rng, damaged = random.Random(seed), bytearray(whole)
            for _ in range(1 + seed % 4):
                damaged[rng.randrange(8, len(damaged))] = rng.randrange(256)
            try:
                read_picture(io.BytesIO(bytes(damaged)))
            except BadInput as error:
                refused.add(str(error))
    assert 'Cannot read the picture: its pixels are damaged' in refused
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('shape', [(20, 30), (20, 30, 3)])
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('read', [read_picture, read_mask])
def test_floating_point_values(tmp_path, shape, dtype, read):
    path = str(tmp_path / 'x.tif')
    cv2.imwrite(path, np.zeros(shape, dtype))
    with pytest.raises(BadInput) as error:
        read(path)
    assert path in str(error.value)
    assert str(error.value).endswith(f'is {FLOATS}')
    assert FLOATS.startswith('a picture of floating-point values: save it with integers of 8 or 16 bits')


def test_a_kind_that_is_not_read(tmp_path):
    cv2.imwrite(str(tmp_path / 'x.tif'), np.zeros((20, 30, 3), np.int32))
    with pytest.raises(BadInput, match=r'x.tif is a TIFF of a kind that is not read \(3 values of 32 bits per pixel\)'):
        read_picture(tmp_path / 'x.tif')


@pytest.mark.parametrize(
    'content', [b'II*\0', b'II*\0\x08\0\0\0', b'MM\0*\xff\xff\xff\xff\0\0', b'II+\0\x08\0\0\0' * 2]
)
def test_a_header_without_a_picture(tmp_path, content):
    (tmp_path / 'x.tif').write_bytes(content)
    with pytest.raises(BadInput, match='x.tif is no image, or its header is damaged'):
        read_picture(tmp_path / 'x.tif')
