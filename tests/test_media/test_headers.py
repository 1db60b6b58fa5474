import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.output_files import PARTIAL, place_image, write_file, write_mask
from monfap_mm.media.errors import BadInput
from monfap_mm.media.headers import Header, read_header
from monfap_mm.media.images import read_image, read_mask
from monfap_mm.media.limits import MAX_PIXELS_OF_SETS
from monfap_mm.media.orientation import as_shown


def write_bomb(path, side=20_000):
    """A PNG of a few hundred kB that would unpack to ``side`` x ``side`` pixels."""

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    header = struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', rows) + chunk(b'IEND', b''))


def test_header_is_read_without_decoding(tmp_path):
    path = tmp_path / 'a.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (30, 20)).save(path, exif=exif)
    assert read_header(path) == Header(width=30, height=20, orientation=6)
    assert read_image(path).shape == (30, 20, 3)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('ending', ['jpg', 'png', 'tif'])
def test_the_header_is_of_the_stored_pixels(tmp_path, ending, orientation):
    """In every format: a mask that is turned by it fits what is shown. Pillow turns the size of a TIFF itself."""
    path, exif = tmp_path / f'a.{ending}', Image.Exif()
    exif[0x0112] = orientation
    Image.new('RGB', (30, 20)).save(path, exif=exif)
    assert read_header(path) == Header(width=30, height=20, orientation=orientation)
    mask = as_shown(np.zeros((20, 30), np.uint8), orientation)
    assert read_image(path).shape[:2] == mask.shape == ((20, 30) if orientation < 5 else (30, 20))


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / 'pipe.png')
    for read in (read_header, read_image, read_mask):
        for path, reason in ((tmp_path / 'pipe.png', 'not a regular'), (tmp_path, 'holds no image'), ('a\0b', 'null')):
            with pytest.raises(BadInput, match=reason):
                read(path)


@pytest.mark.parametrize('side', [10_000, 20_000])
def test_a_bomb_is_refused_before_it_unpacks(tmp_path, side):
    path = tmp_path / 'bomb.png'
    write_bomb(path, side)
    for read in (read_header, read_image, read_mask):
        with pytest.raises(BadInput, match=r'more than 64 million'):
            read(path, MAX_PIXELS_OF_SETS)


def test_the_limit_is_inclusive(tmp_path):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), np.zeros((10, 10), np.uint8))
    assert read_image(path, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(BadInput, match='--max-pixels'):
        read_image(path, max_pixels=99)


@pytest.mark.parametrize(
    'content', [b'', b'no image', b'\xff\xd8\xff\xe0', b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n']
)
def test_what_is_no_image_is_bad_input(tmp_path, content):
    path = tmp_path / 'a.jpg'
    path.write_bytes(content)
    with pytest.raises(BadInput, match='a.jpg'):
        read_image(path)


def test_a_truncated_image_is_bad_input(tmp_path):
    whole = cv2.imencode('.jpg', np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))[1].tobytes()
    (tmp_path / 'a.jpg').write_bytes(whole[: len(whole) // 2])
    assert read_header(tmp_path / 'a.jpg').width == 64
    with pytest.raises(BadInput, match='truncated'):
        read_image(tmp_path / 'a.jpg')


def test_as_shown_turns_a_mask_as_pillow_turns_the_image(tmp_path):
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert (as_shown(mask, 1) == mask).all()
    assert (as_shown(mask, 3) == np.rot90(mask, 2)).all()
    assert (as_shown(mask, 6) == np.rot90(mask, -1)).all()
    assert (as_shown(mask, 2) == mask[:, ::-1]).all()


def test_write_mask_makes_0_and_255(tmp_path):
    mask = np.array([[0, 1], [2, 0]])
    write_mask(tmp_path, 'masks/a/b.png', mask)
    assert (cv2.imread(str(tmp_path / 'masks/a/b.png'), cv2.IMREAD_UNCHANGED) == [[0, 255], [255, 0]]).all()


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_file(tmp_path, 'a.txt', b'old')

    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(JobError, match=r'a\.txt: No space left'):
        write_file(tmp_path, 'a.txt', b'new')
    assert (tmp_path / 'a.txt').read_bytes() == b'old'


@pytest.mark.parametrize('link', ['copy', 'hard', 'symlink'])
def test_images_keep_their_bytes_and_may_be_placed_twice(tmp_path, link):
    source = tmp_path / 'source.jpg'
    source.write_bytes(b'as it is')
    dst = tmp_path / 'set'
    for _ in range(2):
        place_image(source, dst, 'images/a.jpg', link)
    placed = dst / 'images/a.jpg'
    assert placed.read_bytes() == b'as it is'
    assert placed.is_symlink() == (link == 'symlink')
    assert placed.samefile(source) == (link != 'copy')


def test_writing_never_goes_through_a_link(tmp_path):
    victim = tmp_path / 'victim'
    victim.write_bytes(b'mine')
    dst = tmp_path / 'set'
    (dst / PARTIAL).mkdir(parents=True)
    (dst / PARTIAL / str(os.getpid())).symlink_to(victim)
    (dst / 'a').symlink_to(victim)
    write_file(dst, 'a', b'new')
    assert victim.read_bytes() == b'mine'
    assert (dst / 'a').read_bytes() == b'new'


@pytest.mark.parametrize('start', [b'\xff\x0a', b'\0\0\0\x0cJXL \r\n\x87\n'])
def test_jpeg_xl_is_called_by_its_name(tmp_path, start):
    path = tmp_path / 'photo.jxl'
    path.write_bytes(start + bytes(64))
    with pytest.raises(BadInput, match=r'photo\.jxl is JPEG XL, which is not read: save it as PNG$'):
        read_header(str(path))
    path.write_bytes(start[:1] + bytes(64))
    with pytest.raises(BadInput, match='is no image, or its header is damaged'):
        read_header(str(path))
