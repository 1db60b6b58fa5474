import io

import numpy as np
import pytest
from PIL import Image

from monfap_mm.media.errors import BadInput
from monfap_mm.media.headers import read_header
from monfap_mm.media.images import read_picture
from monfap_mm.media.jpeg import read_jpeg_header

from ..test_datasets.files import encode, photo

END = b'\xff\xd9'
KINDS = dict(
    baseline=dict(quality=90),
    progressive=dict(progressive=True),
    restarts=dict(restart_marker_rows=1),
    full=dict(subsampling=0),
)


def made(kind: str, mode: str = 'RGB') -> bytes:
    return encode(Image.fromarray(photo(200, 300)).convert(mode), 'JPEG', **KINDS[kind])


def shown(data: bytes) -> np.ndarray:
    picture = read_picture(io.BytesIO(data))
    assert picture.note is None
    return picture.image


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
def test_pixels_are_those_of_pillow(kind, mode):
    data = made(kind, mode)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert('RGB'))[..., ::-1]
    np.testing.assert_array_equal(shown(data), expected)


@pytest.mark.parametrize('kind', KINDS)
def test_what_lacks_its_end_marker_only_is_whole(kind):
    data = made(kind)
    for file in (data[:-2], data[:-1], data + b'a trailer of the camera', data[:-2] + b'\xff' + END):
        np.testing.assert_array_equal(shown(file), shown(data))


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
def test_what_lacks_pixels_is_refused(kind, mode):
    data = made(kind, mode)
    scan, size = data.index(b'\xff\xda') + 14, len(data)
    for start, end in [(0.5, 1), (0.3, 0.6), (0.95, 1), (0.99, 1)]:
        start, end = (round(scan + share * (size - scan)) for share in (start, end))
        for file in (data[:start] + data[end:], data[:start] + data[end:].removesuffix(END) + END):
            with pytest.raises(BadInput, match='truncated'):
                read_picture(io.BytesIO(file))


def test_every_scan_must_be_there():
    """A progressive file that ends between two scans is no damage to libjpeg."""
    data = made('progressive')
    scans = [place for place in range(len(data)) if data[place : place + 2] == b'\xff\xda']
    assert len(scans) == 10
    for place in scans[1:]:
        with pytest.raises(BadInput, match='its last scans are missing'):
            read_picture(io.BytesIO(data[:place] + END))
    bomb = data[:-2] + data[scans[-1] : -2] * 100 + END
    with pytest.raises(BadInput, match='more than 100 scans'):
        read_picture(io.BytesIO(bomb))


def test_a_little_padding_gets_a_note():
    data = made('restarts')
    place = data.index(b'\xff\xd0')
    padded = read_picture(io.BytesIO(data[:place] + bytes(5) + data[place:]))
    np.testing.assert_array_equal(padded.image, shown(data))
    assert 'bytes of the file are of no use' in padded.note
    with pytest.raises(BadInput, match='extraneous bytes'):
        read_picture(io.BytesIO(data[:place] + bytes(50) + data[place:]))


def test_headers_that_libjpeg_warns_of_do_no_harm():
    data = made('baseline')
    old = bytearray(data)
    old[data.index(b'JFIF') + 5] = 9  # of a version that is unknown
    np.testing.assert_array_equal(shown(bytes(old)), shown(data))
    band = bytearray(data)
    band[data.index(b'\xff\xda') + 12] = 0  # as some phones write it
    np.testing.assert_array_equal(shown(bytes(band)), shown(data))
    place = data.index(b'\xff\xdb')
    adobe = data[:2] + b'\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x07' + data[place:]  # of a transform that is unknown
    np.testing.assert_array_equal(shown(adobe), shown(data))
    for file in (bytes(old), bytes(band), adobe):
        with pytest.raises(BadInput, match='premature end'):
            read_picture(io.BytesIO(file[: len(file) // 2]))


def test_a_preview_in_the_file_is_no_second_frame():
    buffer = io.BytesIO()
    image = Image.fromarray(photo(200, 300))
    image.save(buffer, 'MPO', save_all=True, append_images=[image.resize((30, 20))])
    assert Image.open(buffer).n_frames == 2
    assert shown(buffer.getvalue()).shape == (200, 300, 3)


def test_the_header():
    data = made('progressive')
    header = read_jpeg_header(io.BytesIO(data))
    assert (header.width, header.height, len(header.components), header.is_progressive) == (300, 200, 3, True)
    assert data[header.scan - 2 : header.scan] == b'\xff\xda'
    for end in range(2, header.scan):
        with pytest.raises(BadInput):
            read_header(io.BytesIO(data[:end]))


def test_no_frame_before_the_scan():
    data = made('baseline')
    frame, tables = data.index(b'\xff\xc0'), data.index(b'\xff\xc4')
    with pytest.raises(BadInput, match='header is damaged'):
        read_header(io.BytesIO(data[:frame] + data[tables:]))
