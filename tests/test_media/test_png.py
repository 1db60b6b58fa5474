import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from monfap_mm.media.errors import BadInput
from monfap_mm.media.images import read_image, read_picture
from monfap_mm.media.png import PngHeader, read_png_header

from .odd_files import STORED, chunk, encode, png


def test_damage_in_what_the_pixels_do_not_need_does_no_harm():
    bomb = b'Comment\0\0' + zlib.compress(bytes(10**8))
    damaged = chunk(b'tEXt', b'x\0y')[:-1] + b'\0'
    for file in (png(chunk(b'zTXt', bomb)), png(chunk(b'iCCP', b'x\0\0garbage')), png(damaged)):
        np.testing.assert_array_equal(read_image(io.BytesIO(file))[..., ::-1], STORED)


def test_an_end_is_not_needed():
    data = encode('PNG')
    for file in (data[:-12], data[:-1], data + b'a trailer'):
        np.testing.assert_array_equal(read_image(io.BytesIO(file))[..., ::-1], STORED)


@pytest.mark.parametrize('mode', ['plain', 'alpha'])
def test_pixels_that_are_missing_or_wrong_are_refused(mode):
    color = b'\x06' if mode == 'alpha' else b'\x02'
    width = len('RGBA' if mode == 'alpha' else 'RGB') * 40 + 1
    noise = np.random.default_rng(0)
    rows = zlib.compress(b''.join(b'\0' + noise.bytes(width - 1) for _ in range(30)))
    few = zlib.compress(b''.join(b'\0' + noise.bytes(width - 1) for _ in range(20)))
    start = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', bytes([0, 0, 0, 40, 0, 0, 0, 30, 8]) + color + bytes(3))
    end = chunk(b'IEND', b'')
    assert read_image(io.BytesIO(start + chunk(b'IDAT', rows) + end)).shape == (30, 40, 3)
    halves = chunk(b'IDAT', rows[: len(rows) // 2]), chunk(b'IDAT', rows[len(rows) // 2 :])
    assert read_image(io.BytesIO(start + b''.join(halves) + end)).shape == (30, 40, 3)
    wrong = bytearray(chunk(b'IDAT', rows))
    wrong[12] ^= 1
    for pixels in (halves[0], chunk(b'IDAT', few), bytes(wrong), chunk(b'IDAT', rows)[:-6], b''):
        with pytest.raises(BadInput):
            read_image(io.BytesIO(start + pixels + end))


@pytest.mark.parametrize('size', [(1, 1), (3, 2), (9, 17), (40, 30)])
def test_rows_of_all_kinds_are_counted_right(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 4), dtype=np.uint8)
    for mode in ('1', 'L', 'P', 'LA', 'RGBA', 'I;16'):
        picture = Image.fromarray(pixels).convert(mode) if mode != 'I;16' else Image.new(mode, size[::-1], 40_000)
        buffer = io.BytesIO()
        picture.save(buffer, 'PNG')
        assert read_image(buffer).shape[:2] == size


def test_frames_get_a_note():
    animation = chunk(b'acTL', bytes([0, 0, 0, 2, 0, 0, 0, 0]))
    assert 'several frames' in read_picture(io.BytesIO(png(animation))).note
    single = chunk(b'acTL', bytes([0, 0, 0, 1, 0, 0, 0, 0]))
    assert read_picture(io.BytesIO(png(single))).note is None


def test_interlaced_files_are_read_and_checked():
    pixels = np.random.default_rng(0).integers(0, 256, (13, 11, 4), dtype=np.uint8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b''.join(
        b'\0' + row.tobytes() for x, y, right, down in passes for row in pixels[y::down, x::right] if row.size
    )
    start = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 11, 13, 8, 6, 0, 0, 1))
    expected = Image.alpha_composite(Image.new('RGBA', (11, 13), 'white'), Image.fromarray(pixels)).convert('RGB')
    image = read_image(io.BytesIO(start + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')))
    np.testing.assert_array_equal(image[..., ::-1], np.asarray(expected))
    with pytest.raises(BadInput, match='truncated'):
        read_image(io.BytesIO(start + chunk(b'IDAT', zlib.compress(rows[:-20])) + chunk(b'IEND', b'')))


@pytest.mark.parametrize('mode', ['L', 'RGB', '1', 'P', 'LA', 'RGBA', 'I;16'])
def test_opaque_gray_and_color_of_8_bits_are_plain(mode):
    picture = Image.new(mode, (3, 2)) if mode == 'I;16' else Image.new('RGBA', (3, 2), 'red').convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, 'PNG')
    assert read_png_header(buffer) == PngHeader(3, 2, mode in ('L', 'RGB'), False, b'')


def test_what_a_header_says():
    frames = {number: chunk(b'acTL', bytes([0, 0, 0, number, 0, 0, 0, 0])) for number in (1, 2)}
    first, second = chunk(b'eXIf', b'MM first'), chunk(b'eXIf', b'MM second')
    damaged = first[:-1] + bytes([first[-1] ^ 1])
    for chunks, expected in (
        ([], PngHeader(48, 32, True, False, b'')),
        ([chunk(b'tRNS', bytes(6))], PngHeader(48, 32, False, False, b'')),
        ([frames[1]], PngHeader(48, 32, True, False, b'')),
        ([frames[2], second], PngHeader(48, 32, True, True, b'MM second')),
        ([first, second], PngHeader(48, 32, True, False, b'MM first')),
        ([damaged, second, frames[2]], PngHeader(48, 32, True, True, b'MM second')),
    ):
        assert read_png_header(io.BytesIO(png(*chunks))) == expected
    for data, message in (
        (png()[:30], 'its header is damaged'),
        (png()[:12], 'truncated before its pixels'),
        (png(chunk(b'IEND', b'')), 'it has no pixels'),
        (png(before=b'IHDR')[:8] + chunk(b'IDAT', b'x'), 'its header is damaged'),
    ):
        with pytest.raises(ValueError, match=message):
            read_png_header(io.BytesIO(data))
