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


def test_a_fake_without_mask_says_nothing_of_its_pixels(image):
    np.testing.assert_array_equal(load(image, None, 1)['gt_seg_map'], np.full((40, 60), 255))


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


def test_values_that_are_fake(tmp_path, image):
    """The rule is the transform's, else the sample's, else above 127."""
    results = dict(img_path=image, seg_map_path=save(tmp_path / 'mask.png', box_mask() // 255), gt_label=1)
    results.update(ori_shape=(40, 60))
    for options, sample in ((dict(mask_values='nonzero'), {}), ({}, dict(mask_values='nonzero'))):
        loaded = LoadForgeryAnnotations(**options)({**results, **sample})
        np.testing.assert_array_equal(loaded['gt_seg_map'], box_mask() // 255)
    with pytest.raises(ValueError, match="set mask_values='nonzero' in the dataset"):
        LoadForgeryAnnotations(mask_values='above_127')({**results, 'mask_values': 'nonzero'})
    with pytest.raises(ValueError, match='listed as real'):
        LoadForgeryAnnotations(mask_values='nonzero')({**results, 'gt_label': 0})
    with pytest.raises(ValueError, match='mask_values must be one of'):
        LoadForgeryAnnotations(mask_values='white')


def test_black_mask_of_a_fake(tmp_path, image):
    with pytest.raises(ValueError, match=r'mask\.png is empty: all of it is 0$'):
        load(image, save(tmp_path / 'mask.png', 0 * box_mask()), 1)


def test_second_face_of_another_value(tmp_path, image):
    values = box_mask()
    values[25:35, 10:30] = 100
    mask = save(tmp_path / 'mask.png', values)
    with pytest.raises(ValueError, match=r'mask\.png has areas of the value 100 beside the fake ones'):
        load(image, mask, 1)
    results = dict(img_path=image, seg_map_path=mask, gt_label=1, ori_shape=(40, 60), mask_values='nonzero')
    np.testing.assert_array_equal(LoadForgeryAnnotations()(results)['gt_seg_map'], values > 0)


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
