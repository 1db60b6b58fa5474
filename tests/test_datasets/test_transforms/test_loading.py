import numpy as np
import pytest
from mmseg.registry import TRANSFORMS
from PIL import Image

from monfap_mm.datasets import LoadForgeryAnnotations

from ..files import box_mask, encode, photo, save


def load(image, mask, label):
    results = dict(img_path=image, seg_map_path=mask, gt_label=label, seg_fields=[])
    for name in ('LoadForgeryImage', 'LoadForgeryAnnotations'):
        results = TRANSFORMS.build(dict(type=name))(results)
    return results


@pytest.fixture
def image(tmp_path):
    return save(tmp_path / 'photo.png', photo())


def test_fake(tmp_path, image):
    values = box_mask().astype(int)
    values[0, :4] = (126, 127, 128, 129)
    results = load(image, save(tmp_path / 'mask.png', values.astype(np.uint8)), 1)
    expected = box_mask() // 255
    expected[0, :4] = (0, 0, 1, 1)
    np.testing.assert_array_equal(results['gt_seg_map'], expected)
    assert results['gt_seg_map'].dtype == np.uint8
    assert results['seg_fields'] == ['gt_seg_map']
    assert results['img_shape'] == results['ori_shape'] == (40, 60)
    np.testing.assert_array_equal(results['img'], photo())


@pytest.mark.parametrize('with_mask', [True, False])
def test_real(tmp_path, image, with_mask):
    mask = save(tmp_path / 'mask.png', np.full((40, 60), 127, np.uint8)) if with_mask else None
    np.testing.assert_array_equal(load(image, mask, 0)['gt_seg_map'], np.zeros((40, 60)))


def test_image_without_label_is_left_alone():
    assert LoadForgeryAnnotations()(dict(img_path='a.jpg', ori_shape=(4, 4))) == dict(
        img_path='a.jpg', ori_shape=(4, 4)
    )


def test_real_with_manipulated_pixels(tmp_path, image):
    with pytest.raises(ValueError, match=r'photo\.png is listed as real, but its mask .*mask\.png is not empty'):
        load(image, save(tmp_path / 'mask.png', box_mask()), 0)


def test_fake_without_manipulated_pixels(tmp_path, image):
    with pytest.raises(ValueError, match=r'mask\.png is empty: values above 127 are fake, and its largest is 1'):
        load(image, save(tmp_path / 'mask.png', box_mask() // 255), 1)


def test_mask_of_another_size(tmp_path, image):
    with pytest.raises(ValueError, match=r'mask\.png has 61x40 pixels, its image .*photo\.png has 60x40$'):
        load(image, save(tmp_path / 'mask.png', box_mask(width=61)), 1)


@pytest.mark.parametrize('orientation', [6, 8])
def test_mask_of_a_turned_image(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / 'turned.jpg'
    path.write_bytes(encode(Image.fromarray(photo(height=60, width=40)), 'JPEG', exif=exif))
    upright = save(tmp_path / 'upright.png', box_mask())
    np.testing.assert_array_equal(load(str(path), upright, 1)['gt_seg_map'], box_mask() // 255)
    with pytest.raises(ValueError, match='as a viewer shows it'):
        load(str(path), save(tmp_path / 'stored.png', box_mask(height=60, width=40)), 1)


def test_missing_files(tmp_path, image):
    with pytest.raises(FileNotFoundError, match='nothing.png'):
        load(image, str(tmp_path / 'nothing.png'), 1)
    with pytest.raises(FileNotFoundError, match='nothing.jpg'):
        load(str(tmp_path / 'nothing.jpg'), None, 0)
