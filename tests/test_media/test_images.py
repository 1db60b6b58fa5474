import io
import os
import sys

import cv2
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageOps

from monfap_mm.media.errors import BadInput
from monfap_mm.media.images import read_image, read_mask, read_picture

from ..test_datasets.files import box_mask, encode, photo, save

ORIENTATION = 0x0112


def pillow(array):
    """Pillow image of a BGR array."""
    return Image.fromarray(np.ascontiguousarray(array[..., ::-1]))


def write(path, data):
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tiff', '.webp'])
def test_lossless_color(tmp_path, suffix):
    options = dict(lossless=True) if suffix == '.webp' else {}
    image = read_image(save(tmp_path / f'a{suffix}', photo(), **options))
    np.testing.assert_array_equal(image, photo())
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def test_jpeg_is_decoded_as_opencv_does(tmp_path):
    path = save(tmp_path / 'a.jpg', photo())
    np.testing.assert_array_equal(read_image(path), cv2.imread(path))


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.tiff'])
def test_grayscale(tmp_path, suffix):
    gray = photo()[..., 0]
    image = read_image(save(tmp_path / f'a{suffix}', gray))
    assert image.shape == (40, 60, 3)
    np.testing.assert_allclose(image, np.repeat(gray[..., None], 3, axis=2), atol=10 if suffix == '.jpg' else 0)


def test_bilevel_and_palette(tmp_path):
    bilevel = Image.fromarray(box_mask()).convert('1')
    image = read_image(write(tmp_path / 'a.png', encode(bilevel, 'PNG')))
    np.testing.assert_array_equal(image[..., 0], box_mask())
    palette = Image.fromarray(box_mask() // 255)
    palette.putpalette([10, 20, 30, 200, 100, 0])
    image = read_image(write(tmp_path / 'b.gif', encode(palette, 'GIF')))
    assert image[0, 0].tolist() == [30, 20, 10]
    assert image[6, 12].tolist() == [0, 100, 200]


@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'P'])
def test_transparency_lies_over_white(tmp_path, mode):
    picture = Image.new('RGBA', (60, 40), (100, 100, 100, 255))
    picture.paste((100, 100, 100, 0), (0, 0, 30, 40))
    image = read_image(write(tmp_path / 'a.png', encode(picture.convert(mode), 'PNG')))
    np.testing.assert_array_equal(image[:, :30], 255)
    np.testing.assert_array_equal(image[:, 30:], 100)
    if mode == 'RGBA':
        picture.putalpha(128)
        image = read_image(write(tmp_path / 'b.png', encode(picture, 'PNG')))
        assert abs(int(image[0, 0, 0]) - (100 * 128 + 255 * 127) / 255) <= 1


def test_transparent_color_of_png(tmp_path):
    picture = Image.new('RGB', (60, 40), (1, 2, 3))
    picture.paste((9, 9, 9), (0, 0, 30, 40))
    image = read_image(write(tmp_path / 'a.png', encode(picture, 'PNG', transparency=(1, 2, 3))))
    assert image[0, 0].tolist() == [9, 9, 9]
    assert image[0, 59].tolist() == [255, 255, 255]


@pytest.mark.parametrize('suffix', ['.png', '.tiff'])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_16_bit(tmp_path, suffix, channels):
    image = photo()
    deep = image.astype(np.uint16) * 256 + 77
    if channels == 1:
        deep, image = deep[..., 0], np.repeat(image[..., :1], 3, axis=2)
    elif channels == 4:
        deep = np.dstack([deep, np.full((40, 60), 65535, np.uint16)])
    path = str(tmp_path / f'a{suffix}')
    assert cv2.imwrite(path, deep)
    np.testing.assert_array_equal(read_image(path), image)


def test_cmyk_jpeg(tmp_path):
    cmyk = pillow(photo()).convert('CMYK')
    image = read_image(write(tmp_path / 'a.jpg', encode(cmyk, 'JPEG', quality=98)))
    np.testing.assert_allclose(image.astype(int), photo(), atol=12)


@pytest.mark.parametrize('file_format', ['JPEG', 'PNG', 'TIFF'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation(tmp_path, file_format, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    # The inverse of a turn by 90 degrees is the turn the other way: 6 <-> 8. All others are their own inverse.
    stored_exif = Image.Exif()
    stored_exif[ORIENTATION] = {6: 8, 8: 6}.get(orientation, orientation)
    source = pillow(photo())
    source.info['exif'] = stored_exif.tobytes()
    stored = ImageOps.exif_transpose(source)
    options = dict(JPEG=dict(quality=98, subsampling=0)).get(file_format, {})
    image = read_image(write(tmp_path / 'a', encode(stored, file_format, exif=exif, **options)))
    assert image.shape == (40, 60, 3)
    np.testing.assert_allclose(image.astype(int), photo(), atol=10 if file_format == 'JPEG' else 0)


@pytest.mark.parametrize('kind', ['image', 'mask'])
@pytest.mark.parametrize('file_format', ['JPEG', 'PNG', 'TIFF', 'BMP', 'WEBP'])
@pytest.mark.parametrize('share', [0, 0.01, 0.5, 0.95])
def test_truncated_file(tmp_path, kind, file_format, share):
    data = encode(pillow(photo(height=200, width=200)), file_format)
    path = write(tmp_path / 'broken file', data[: int(share * len(data))])
    read = dict(image=read_image, mask=read_mask)[kind]
    with pytest.raises(BadInput, match='broken file'):
        read(path)


def test_jpeg_cut_after_its_thumbnail(tmp_path):
    thumbnail = encode(pillow(photo(20, 30)), 'JPEG')
    data = encode(pillow(photo(200, 300)), 'JPEG', comment=thumbnail)
    assert thumbnail in data
    with pytest.raises(BadInput, match='truncated'):
        read_image(write(tmp_path / 'a.jpg', data[: len(data) // 2]))


def test_jpeg_with_a_trailer(tmp_path):
    data = encode(pillow(photo()), 'JPEG')
    plain = read_image(write(tmp_path / 'a.jpg', data))
    np.testing.assert_array_equal(read_image(write(tmp_path / 'b.jpg', data + b'camera maker notes')), plain)


def test_damaged_png(tmp_path):
    data = bytearray(encode(pillow(photo()), 'PNG'))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(BadInput, match=r'Cannot read .*a\.png: it is damaged'):
        read_image(write(tmp_path / 'a.png', bytes(data)))


@pytest.mark.parametrize('read', [read_image, read_mask])
def test_no_image(tmp_path, read):
    with pytest.raises(BadInput, match='a.jpg is empty'):
        read(write(tmp_path / 'a.jpg', b''))
    with pytest.raises(BadInput, match='b.jpg is no image'):
        read(write(tmp_path / 'b.jpg', b'<html>not found</html>'))
    with pytest.raises(BadInput, match='c.jpg: No such file'):
        read(str(tmp_path / 'c.jpg'))


def test_values_beyond_16_bit(tmp_path):
    floats = Image.fromarray(np.ones((4, 4), np.float32))
    with pytest.raises(BadInput, match='floating-point'):
        read_image(write(tmp_path / 'a.tiff', encode(floats, 'TIFF')))
    integers = Image.fromarray(np.full((4, 4), 70000, np.int32))
    with pytest.raises(BadInput, match=r'0\.\.65535'):
        read_image(write(tmp_path / 'b.tiff', encode(integers, 'TIFF')))


@pytest.mark.parametrize('mode', ['L', '1', 'RGB', 'RGBA', 'LA', 'P'])
def test_mask_modes(tmp_path, mode):
    path = write(tmp_path / 'a.png', encode(Image.fromarray(box_mask()).convert(mode), 'PNG'))
    mask = read_mask(path)
    np.testing.assert_array_equal(mask, box_mask())
    assert mask.dtype == np.uint8


def test_16_bit_mask(tmp_path):
    assert cv2.imwrite(str(tmp_path / 'a.png'), box_mask().astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_mask(str(tmp_path / 'a.png')), box_mask())


def test_transparent_mask(tmp_path):
    picture = Image.fromarray(box_mask()).convert('RGBA')
    picture.putpixel((0, 0), (0, 0, 0, 0))
    with pytest.raises(BadInput, match=r'a\.png: it has transparent pixels'):
        read_mask(write(tmp_path / 'a.png', encode(picture, 'PNG')))


def test_exif_of_webp_is_ignored_as_browsers_do(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = read_image(write(tmp_path / 'a.webp', encode(pillow(photo()), 'WEBP', exif=exif, lossless=True)))
    np.testing.assert_array_equal(image, photo())


@pytest.mark.parametrize(('file_format', 'suffix'), [('JPEG', '.jfif'), ('AVIF', '.avif'), ('HEIF', '.heic')])
def test_formats_of_phones_and_of_the_web(tmp_path, file_format, suffix):
    if file_format == 'HEIF':
        heif = pytest.importorskip('pillow_heif')
        buffer = io.BytesIO()
        heif.from_pillow(pillow(photo())).save(buffer, quality=95)
        data = buffer.getvalue()
    else:
        data = encode(pillow(photo()), file_format, quality=95)
    np.testing.assert_allclose(read_image(write(tmp_path / f'a{suffix}', data)).astype(int), photo(), atol=24)
    for cut in (len(data) // 2, len(data) - 30):
        with pytest.raises(BadInput, match=r'b\.'):
            read_image(write(tmp_path / f'b{suffix}', data[:cut]))


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pillow_heif', None)
    path = write(tmp_path / 'a.heic', b'\0\0\0\x18ftypheic' + bytes(40))
    with pytest.raises(BadInput, match=r'a\.heic: HEIC and HEIF need pillow-heif, the extra "heif"'):
        read_image(path)


def test_the_size_is_checked_as_shown_and_before_anything_is_decoded(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = write(tmp_path / 'a.jpg', encode(pillow(photo(40, 60)), 'JPEG', exif=exif))
    sizes = []
    for source in (photo(40, 60), turned, io.BytesIO((tmp_path / 'a.jpg').read_bytes())):
        size = read_picture(source, check_size=sizes.append).image.shape[:2]
        assert sizes.pop() == size == ((40, 60) if source is not turned and not hasattr(source, 'read') else (60, 40))
        assert read_picture(source).image.shape[:2] == size
    assert sizes == []

    def refuse(size):
        raise KeyError(size)

    monkeypatch.setattr('monfap_mm.media.images._decode', None)
    for source in (photo(40, 60), turned):
        with pytest.raises(KeyError):
            read_picture(source, check_size=refuse)


def error_of(source, **kwargs) -> str:
    with pytest.raises(BadInput) as error:
        read_picture(source, **kwargs)
    return str(error.value)


def test_what_is_no_picture_says_what_one_is(tmp_path):
    Image.new('RGB', (5, 4)).save(tmp_path / 'a.png')
    with (tmp_path / 'a.png').open('rb') as file:
        for item in (None, 3, b'a.png', {'a.png': 1}, file, torch.zeros(3, 4, 4), torch.tensor(1)):
            assert 'a picture is a path, an array (H, W, 3) or io.BytesIO, got ' in error_of(item)
        assert error_of(file).endswith('got BufferedReader: take io.BytesIO(file.read()) for an open file')


def test_an_orientation_is_applied(tmp_path):
    stored = np.zeros((4, 6, 3), np.uint8)
    stored[:, :3] = 255  # white on the left
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # shown after a quarter turn clockwise: white on top
    Image.fromarray(stored).save(tmp_path / 'x.png', exif=exif)
    image, note = read_picture(str(tmp_path / 'x.png'))
    assert image.shape == (6, 4, 3)
    assert (image[:3] == 255).all()
    assert (image[3:] == 0).all()
    assert note is None


def test_pure_red_of_cmyk(tmp_path):
    Image.new('CMYK', (16, 8), (0, 255, 255, 0)).save(tmp_path / 'x.jpg', quality=100)  # pure red
    image, _ = read_picture(str(tmp_path / 'x.jpg'))
    assert image.shape == (8, 16, 3)
    np.testing.assert_allclose(image.reshape(-1, 3).mean(axis=0), [0, 0, 255], atol=3)


def test_the_first_frame_of_an_animation_with_a_note(tmp_path):
    frames = [Image.new('RGB', (8, 8), color) for color in ('red', 'blue')]
    frames[0].save(tmp_path / 'x.gif', save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / 'one.gif')
    image, note = read_picture(str(tmp_path / 'x.gif'))
    assert (image == [0, 0, 255]).all()
    assert note == 'the file holds several frames: the answer is for the first one'
    assert read_picture(str(tmp_path / 'one.gif')).note is None


def test_16_bits_and_12_bits(tmp_path):
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    cv2.imwrite(str(tmp_path / '16.png'), values)
    image, note = read_picture(str(tmp_path / '16.png'))
    assert (image[..., 0] == values >> 8).all()
    assert note is None
    cv2.imwrite(str(tmp_path / '12.png'), values >> 4)  # raw values of a sensor
    assert 'lower 12 of 16 bits' in read_picture(str(tmp_path / '12.png')).note


def test_a_broken_file_says_what_is_wrong(tmp_path):
    path = str(tmp_path / 'x.png')
    assert error_of(path) == f'{path}: No such file or directory'
    (tmp_path / 'x.png').write_bytes(b'')
    assert error_of(path) == f'{path} is empty'
    (tmp_path / 'x.png').write_text('no image at all')
    assert error_of(path) == f'{path} is no image, or its header is damaged'
    Image.effect_noise((64, 64), 50).save(path)
    whole = (tmp_path / 'x.png').read_bytes()
    (tmp_path / 'x.png').write_bytes(whole[: len(whole) // 2])
    assert 'truncated' in error_of(path)


def test_what_is_no_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / 'pipe.png')
    assert 'is not a regular file' in error_of(str(tmp_path / 'pipe.png'))
    assert 'holds no image (.avif' in error_of(str(tmp_path))
    assert 'download it first' in error_of('https://example.org/x.png')
    assert 'null byte' in error_of('a\0b')


def test_a_picture_that_is_too_large_is_not_decoded(tmp_path):
    Image.new('1', (30_000, 5_000)).save(tmp_path / 'bomb.png')  # some kilobytes
    assert '30000 x 5000 pixels, more than 89 million' in error_of(str(tmp_path / 'bomb.png'))
    assert 'more than 0.001 million (max_pixels)' in error_of(np.zeros((40, 40, 3), np.uint8), max_pixels=1000)


def in_memory(path) -> io.BytesIO:
    contents = io.BytesIO(path.read_bytes())
    contents.name = 'x'
    return contents


def test_contents_of_a_file_are_read_as_the_file(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    frames = [Image.effect_noise((9, 7), 50).convert('RGB') for _ in range(2)]
    frames[0].save(tmp_path / 'turned.jpg', exif=exif)
    frames[0].save(tmp_path / 'turned.tif', exif=exif)
    frames[0].save(tmp_path / 'pages.tif', save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / 'animated.gif', save_all=True, append_images=frames[1:])
    Image.new('CMYK', (16, 8), (0, 255, 255, 0)).save(tmp_path / 'cmyk.jpg')
    cv2.imwrite(str(tmp_path / '12.png'), np.arange(4096, dtype=np.uint16).reshape(64, 64))
    for path in tmp_path.iterdir():
        from_file, from_memory = read_picture(str(path)), read_picture(in_memory(path))
        assert (from_memory.image == from_file.image).all(), path
        assert from_memory.note == from_file.note
    assert read_picture(in_memory(tmp_path / '12.png')).note is not None


def test_contents_are_checked_as_files_are(tmp_path):
    assert error_of(io.BytesIO()) == 'the picture is empty'
    Image.new('1', (30_000, 5_000)).save(tmp_path / 'bomb.png')
    Image.effect_noise((64, 64), 50).save(tmp_path / 'half.png')
    (tmp_path / 'half.png').write_bytes((tmp_path / 'half.png').read_bytes()[:2000])
    Image.new('RGB', (9, 9)).save(tmp_path / 'script.eps')
    for path in tmp_path.iterdir():
        assert error_of(in_memory(path)) == error_of(str(path)).replace(str(path), 'x')


def test_contents_can_be_read_twice_from_wherever_they_stand(tmp_path):
    Image.effect_noise((9, 7), 50).save(tmp_path / 'x.png')
    contents = in_memory(tmp_path / 'x.png')
    contents.seek(20)
    for _ in range(2):
        assert read_picture(contents).image.shape == (7, 9, 3)


@pytest.mark.parametrize(
    'array',
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_arrays_of_another_form_are_refused(array):
    assert error_of(array).startswith('an array must be (H, W, 3), uint8, BGR')


def test_a_video_is_no_picture(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'x')
    with pytest.raises(BadInput, match='is a video: ask "monfap predict", or predict_video'):
        read_picture(str(tmp_path / 'a.mp4'))
    with pytest.raises(BadInput, match=r'b\.mp4: No such file'):
        read_picture(str(tmp_path / 'b.mp4'))
