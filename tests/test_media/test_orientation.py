import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from monfap_mm.media.headers import read_header
from monfap_mm.media.images import read_image, read_mask
from monfap_mm.media.orientation import as_shown, exif_orientation

from .odd_files import EXIF_HEADER, ODD_FILES, STORED, entry, exif, orientation_of

try:
    from tests.test_web.browser import MISSING, open_browser
except ImportError as error:
    MISSING = str(error)

_TYPES = dict(jpg='jpeg', png='png', webp='webp', avif='avif')
_SHOW = """
    const [address, done] = arguments, picture = new Image();
    picture.onload = () => {
        const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
        [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
        context.drawImage(picture, 0, 0);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        done([canvas.height, canvas.width, Array.from(pixels)]);
    };
    picture.onerror = () => done(null);
    picture.src = address;
"""


@pytest.mark.parametrize('name', ODD_FILES)
def test_odd_metadata(name):
    content, orientation = ODD_FILES[name]
    assert read_header(io.BytesIO(content)).orientation == orientation
    assert orientation_of(read_image(io.BytesIO(content))[..., ::-1]) == orientation
    mask = read_mask(io.BytesIO(content))
    expected = np.array(Image.fromarray(as_shown(STORED, orientation)).convert('L'))
    np.testing.assert_allclose(mask.astype(int), expected, atol=20)


@pytest.mark.skipif(bool(MISSING), reason=f'{MISSING} not installed')
def test_chromium_shows_them_so():
    driver = open_browser()
    try:
        for name, (content, orientation) in ODD_FILES.items():
            kind = _TYPES[name.rpartition('.')[2]]
            address = f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
            height, width, pixels = driver.execute_async_script(_SHOW, address)
            shown = np.array(pixels, np.uint8).reshape(height, width, 4)[..., :3]
            assert orientation_of(shown) == orientation, name
    finally:
        driver.quit()


@pytest.mark.parametrize('orientation', range(1, 9))
def test_turned_as_pillow_turns(orientation):
    stored = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = Image.fromarray(stored)
    image.getexif()[274] = orientation
    shown = as_shown(stored, orientation)
    np.testing.assert_array_equal(shown, np.asarray(ImageOps.exif_transpose(image)))
    np.testing.assert_array_equal(as_shown(stored[..., 0], orientation), shown[..., 0])
    assert shown.flags.c_contiguous


def test_a_block_cut_anywhere_is_no_error():
    block = exif(entry(1, tag=256), entry(6), entry(8, tag=300))
    assert exif_orientation(block) == 6
    assert {exif_orientation(block[:end]) for end in range(len(block))} == {1, 6}
    assert exif_orientation(EXIF_HEADER + block) == 1
