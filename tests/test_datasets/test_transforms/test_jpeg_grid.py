"""LoadJpegGrid, GridCrop and GridFlip: the authors' loader on their reference file, and files of all kinds."""

import io

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from PIL import Image

from monfap_mm.datasets.transforms import GridCrop, GridFlip, LoadForgeryImage, LoadJpegGrid
from monfap_mm.media.errors import BadInput
from monfap_mm.media.jpeg_grid import COEFFICIENT, PIXELS, STEP, mirrored
from monfap_mm.media.orientation import as_shown

from ...test_media.test_jpeg_coefficients import jpeg, noise
from ...test_models.test_baselines import peers

pytest.importorskip('jpeglib')


@pytest.fixture(scope='module')
def expected():
    return {key: value.numpy() for key, value in peers.arrays('cat_net').items()}


@pytest.fixture
def reference_file(expected, tmp_path):
    path = tmp_path / 'reference.jpg'
    path.write_bytes(expected['jpeg_bytes'].tobytes())
    return path


def load(path, mask=None, *more):
    results = dict(img_path=str(path), seg_fields=[])
    if mask is not None:
        results.update(gt_seg_map=mask, seg_fields=['gt_seg_map'])
    return Compose([LoadForgeryImage(), LoadJpegGrid(), *more])(results)


def save(path, image=None, exif=None, **options):
    image = noise(21, 30) if image is None else image
    if exif is not None:
        options['exif'] = Image.Exif()
        options['exif'][274] = exif
    image.save(path, **options)
    return path


def check_grid(grid, rgb255, index, table):
    """Against what the authors' loader gives: twice the RGB values, 255 beyond the picture; indices of the volume."""
    pixels = grid[..., PIXELS][..., ::-1].transpose(2, 0, 1)
    np.testing.assert_array_equal(np.where(pixels < 0, 255, 2 * pixels), rgb255)
    np.testing.assert_array_equal(np.abs(grid[..., COEFFICIENT]).clip(max=20), index)
    np.testing.assert_array_equal(grid[:8, :8, STEP], table[0])


def test_the_reference_file_gives_what_the_authors_loader_makes_of_it(reference_file, expected):
    results = load(reference_file, np.zeros((101, 75), np.uint8))
    grid = results['img']
    check_grid(grid, expected['jpeg_rgb255'], expected['jpeg_vol_index'], expected['jpeg_qtable'])
    np.testing.assert_array_equal(results['gt_seg_map'], np.where(expected['jpeg_mask'] < 0, 255, 0))
    assert results['padding_size'] == (0, 5, 0, 3)
    assert results['img_shape'] == (104, 80)
    assert results['orientation'] == 1
    assert 'note' not in results


def test_a_crop_larger_than_the_picture_is_padded_as_the_authors_do(reference_file, expected):
    results = load(reference_file, np.ones((101, 75), np.uint8), GridCrop((128, 96)))
    index = np.abs(results['img'][..., COEFFICIENT]).clip(max=20)
    np.testing.assert_array_equal(index, expected['jpegpad_vol_index'])
    (rows, columns), shape = expected['jpegpad_mask_rowcol']
    assert results['gt_seg_map'].shape == tuple(shape)
    assert (results['gt_seg_map'][:rows, :columns] == 1).all()
    assert (results['gt_seg_map'] == 1).sum() == rows * columns
    assert (results['gt_seg_map'] == 255).sum() == np.prod(shape) - rows * columns


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_turned_file_goes_on_as_it_is_stored(tmp_path, orientation):
    plain = load(save(tmp_path / 'plain.jpg'))
    stored_mask = (np.arange(21 * 30).reshape(21, 30) % 5 == 0).astype(np.uint8)
    turned = load(save(tmp_path / 'turned.jpg', exif=orientation), as_shown(stored_mask, orientation))
    np.testing.assert_array_equal(turned['img'], plain['img'])
    np.testing.assert_array_equal(turned['gt_seg_map'][:21, :30], stored_mask)
    assert turned['orientation'] == orientation
    assert turned['ori_shape'] == (21, 30)
    assert turned['padding_size'] == (0, 2, 0, 3)


@pytest.mark.parametrize(
    ('name', 'mode', 'reason'),
    [('a.png', 'RGB', 'no JPEG'), ('a.bmp', 'RGB', 'no JPEG'), ('a.jpg', 'CMYK', 'no luma')],
)
def test_files_without_coefficients_are_compressed_anew(tmp_path, name, mode, reason):
    path = save(tmp_path / name, noise(21, 30).convert(mode))
    results = load(path)
    assert reason in results['note']
    assert (results['img'][..., STEP] == 1).all()
    shown = LoadForgeryImage()(dict(img_path=str(path)))['img']
    copy = Image.open(io.BytesIO(jpeg(Image.fromarray(shown[..., ::-1]), quality=100, subsampling=0)))
    np.testing.assert_array_equal(results['img'][:21, :30, PIXELS], np.asarray(copy)[..., ::-1])


@pytest.mark.parametrize('step', [dict(type='Resize', scale=(40, 32)), dict(type='PhotoMetricDistortion')], ids=str)
def test_pixels_that_were_changed_are_compressed_anew(tmp_path, step):
    np.random.seed(3)
    path = str(save(tmp_path / 'a.jpg', exif=6))
    results = Compose([LoadForgeryImage(), TRANSFORMS.build(step), LoadJpegGrid()])(dict(img_path=path))
    assert 'pixels were changed' in results['note']
    assert results['orientation'] == 1
    assert (results['img'][..., STEP] == 1).all()


def test_a_change_in_place_is_seen(tmp_path):
    results = LoadForgeryImage()(dict(img_path=str(save(tmp_path / 'a.jpg'))))
    results['img'][3, 4] ^= 1
    assert 'pixels were changed' in LoadJpegGrid()(results)['note']


def test_contents_in_memory_and_arrays():
    data = jpeg(noise(21, 30))
    image = np.asarray(Image.open(io.BytesIO(data)))[..., ::-1]
    from_memory = LoadJpegGrid()(dict(img=image, img_path='x', img_file=io.BytesIO(data)))
    assert 'note' not in from_memory
    from_array = LoadJpegGrid()(dict(img=image, img_path='array', img_file=None))
    assert 'no JPEG' in from_array['note']


def test_arithmetic_coding_is_named(tmp_path, monkeypatch):
    path = save(tmp_path / 'a.jpg')

    def refuse(data, name):
        raise BadInput(f'The JPEG coefficients of {name} cannot be read: it is arithmetic-coded')

    monkeypatch.setattr('monfap_mm.datasets.transforms.jpeg_grid.read_coefficients', refuse)
    with pytest.raises(BadInput, match=r'a\.jpg cannot be read: it is arithmetic-coded'):
        load(path)


@pytest.mark.parametrize('size', [(5, 7), (1, 1), (8, 16), (513, 77)])
def test_sizes(tmp_path, size):
    results = load(save(tmp_path / 'a.jpg', noise(*size)))
    height, width = results['img'].shape[:2]
    left, right, top, bottom = results['padding_size']
    assert (left, top) == (0, 0)
    assert (height - bottom, width - right) == size
    assert height % 8 == width % 8 == 0
    assert (results['img'][: size[0], : size[1], PIXELS] >= 0).all()


def test_crops_begin_on_the_grid_everywhere(tmp_path):
    path, places = save(tmp_path / 'a.jpg', noise(32, 40)), set()
    whole = load(path)['img']
    np.random.seed(0)
    for _ in range(60):
        part = load(path, np.zeros((32, 40), np.uint8), GridCrop((24, 16)))['img']
        found = [
            (top, left)
            for top in range(0, 16)
            for left in range(0, 32)
            if np.array_equal(whole[top : top + 24, left : left + 16], part)
        ]
        places.update(found)
    assert places == {(top, left) for top in (0, 8) for left in (0, 8, 16, 24)}


@pytest.mark.parametrize('size', [(500, 512), (0, 8), (-8, 8)])
def test_crop_sizes_off_the_grid_are_refused(size):
    with pytest.raises(ValueError, match='multiples of 8'):
        GridCrop(size)


@pytest.mark.parametrize(('direction', 'axis'), [('horizontal', 1), ('vertical', 0)])
def test_flips(tmp_path, direction, axis):
    path, mask = save(tmp_path / 'a.jpg'), np.arange(21 * 30, dtype=np.uint8).reshape(21, 30)
    before = load(path, mask)
    after = load(path, mask, GridFlip(prob=1.0, direction=direction))
    np.testing.assert_array_equal(after['img'], mirrored(before['img'], axis))
    np.testing.assert_array_equal(after['gt_seg_map'], np.flip(before['gt_seg_map'], axis))
    assert after['padding_size'] == ((2, 0, 0, 3) if axis else (0, 2, 3, 0))
    assert (after['flip'], after['flip_direction']) == (True, direction)


def test_a_mask_that_is_frozen_is_left_alone(tmp_path):
    mask = np.ones((21, 30), np.uint8)
    results = dict(img_path=str(save(tmp_path / 'a.jpg', exif=6)), gt_seg_map=mask, seg_fields=[])
    results = Compose([LoadForgeryImage(), LoadJpegGrid(), GridFlip(prob=1.0), GridCrop((16, 16))])(results)
    assert results['gt_seg_map'] is mask
