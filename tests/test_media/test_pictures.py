import io
import os

import cv2
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from monfap_mm.media.endings import IMAGE_ENDINGS, VIDEO_ENDINGS, is_video
from monfap_mm.media.errors import BadInput
from monfap_mm.media.folders import expand_inputs
from monfap_mm.media.images import read_picture


@pytest.fixture
def tree(tmp_path):
    """Pictures at two levels, a text file and a hidden file."""
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'empty').mkdir()
    for name in ('b.JPG', 'a.png', 'deep/c.gif', '.hidden.png'):
        Image.new('RGB', (5, 4)).save(tmp_path / name)
    (tmp_path / 'notes.txt').write_text('no image')
    return tmp_path


def names(inputs, root) -> list[str]:
    return [os.path.relpath(path, root) for path in expand_inputs(inputs)]


def test_folder_with_its_subfolders(tree):
    assert names(str(tree), tree) == names(tree, tree) == ['a.png', 'b.JPG', 'deep/c.gif']


def test_globs(tree):
    assert names(f'{tree}/*.png', tree) == ['a.png']
    assert names(f'{tree}/**/*.gif', tree) == ['deep/c.gif']
    assert names(f'{tree}/**', tree) == ['a.png', 'b.JPG', 'deep/c.gif', 'notes.txt']
    assert names(f'{tree}/d*', tree) == ['deep/c.gif']


def test_what_is_not_there_is_kept(tree):
    missing = [f'{tree}/no.png', f'{tree}/*.bmp', f'{tree}/empty']
    assert list(expand_inputs(missing)) == missing


def test_a_name_with_brackets_means_the_file_of_that_name(tree):
    Image.new('RGB', (5, 4)).save(tree / 'x[1].png')
    assert names(f'{tree}/x[1].png', tree) == ['x[1].png']


def test_lists_generators_and_arrays_are_read_lazily(tree):
    array, contents = np.zeros((2, 2, 3), np.uint8), io.BytesIO(b'two\nlines')

    def endless():
        while True:
            yield [array, f'{tree}/a.png', contents]

    expanded = expand_inputs(endless())
    assert [next(expanded) for _ in range(4)][1:] == [f'{tree}/a.png', contents, array]


def test_items_that_are_no_pictures_are_kept(tree):
    """Each gets its own answer; none is taken apart into lines, numbers or keys."""
    with open(f'{tree}/a.png', 'rb') as file:
        items = [None, 3, b'a.png', {'a.png': 1}, file, torch.zeros(3, 4, 4), torch.tensor(1)]
        assert all(found is item for found, item in zip(expand_inputs(items), items, strict=True))
        for item in items:
            assert 'a picture is a path, an array (H, W, 3) or io.BytesIO, got ' in error_of(item)
        assert error_of(file).endswith('got BufferedReader: take io.BytesIO(file.read()) for an open file')


@pytest.mark.parametrize('inputs', [3, None, b'a.png', {'a.png': 1}])
def test_other_types_are_refused(inputs):
    with pytest.raises(TypeError, match='a picture is a path, an array'):
        list(expand_inputs(inputs))


def error_of(source, **kwargs) -> str:
    with pytest.raises(BadInput) as error:
        read_picture(source, **kwargs)
    return str(error.value)


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


def test_cmyk_jpeg(tmp_path):
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


def test_videos_are_found_where_they_are_asked_for(tree):
    for name in ('deep/d.MP4', 'e.webm'):
        (tree / name).touch()
    assert names(tree, tree) == ['a.png', 'b.JPG', 'deep/c.gif']
    found = [os.path.relpath(path, tree) for path in expand_inputs(tree, IMAGE_ENDINGS | VIDEO_ENDINGS)]
    assert found == ['a.png', 'b.JPG', 'e.webm', 'deep/c.gif', 'deep/d.MP4']
    assert [is_video(path) for path in found] == [False, False, True, False, True]


def test_a_video_is_no_picture(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'x')
    with pytest.raises(BadInput, match='is a video: ask "monfap predict", or predict_video'):
        read_picture(str(tmp_path / 'a.mp4'))
    with pytest.raises(BadInput, match=r'b\.mp4: No such file'):
        read_picture(str(tmp_path / 'b.mp4'))
