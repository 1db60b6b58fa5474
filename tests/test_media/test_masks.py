import cv2
import numpy as np
import pytest
from PIL import Image

from monfap_mm.media.images import read_mask
from monfap_mm.media.masks import binarize_mask, check_mask_values, fake_pixels, second_level

from .video_files import HEIGHT, WIDTH, mask_frame


def boxes(**values):
    """Mask (60, 90) with a box of 20 x 30 pixels of each value."""
    mask = np.zeros((60, 90), np.uint8)
    for number, value in enumerate(values.values()):
        mask[30 * number + 5 : 30 * number + 25, 20:50] = value
    return mask


def test_rules():
    values = np.array([[0, 1, 126, 127, 128, 255]], np.uint8)
    assert fake_pixels(values).tolist() == [[0, 0, 0, 0, 1, 1]]
    assert fake_pixels(values, 'above_127').tolist() == [[0, 0, 0, 0, 1, 1]]
    assert fake_pixels(values, 'nonzero').tolist() == [[0, 1, 1, 1, 1, 1]]
    with pytest.raises(ValueError, match="one of 'above_127', 'nonzero', got 'above_0'"):
        check_mask_values('above_0')


@pytest.mark.parametrize(
    'picture',
    [
        Image.fromarray(boxes(a=1)),
        Image.fromarray(boxes(a=1) > 0),
        Image.fromarray(boxes(a=1).astype(np.uint16)),
        Image.fromarray(np.dstack([0 * boxes(), 0 * boxes(), boxes(a=2)])),  # the luma of this blue rounds to 0
        Image.fromarray(np.dstack([boxes(a=128), 0 * boxes(), 0 * boxes(), 255 + 0 * boxes()])),
    ],
    ids=['zero_one', '1_bit', '16_bit', 'dark_blue', 'rgba'],
)
def test_what_is_not_black_is_never_read_as_0(tmp_path, picture):
    picture.save(tmp_path / 'mask.png')
    np.testing.assert_array_equal(fake_pixels(read_mask(str(tmp_path / 'mask.png')), 'nonzero'), boxes(a=1))


def test_palette_of_dark_colors(tmp_path):
    picture = Image.fromarray(boxes(a=1, b=4)).convert('L').copy()
    picture = Image.frombytes('P', picture.size, picture.tobytes())
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 1])
    picture.save(tmp_path / 'mask.png')
    values = read_mask(str(tmp_path / 'mask.png'))
    assert not fake_pixels(values).any()
    np.testing.assert_array_equal(fake_pixels(values, 'nonzero'), boxes(a=1, b=1))


@pytest.mark.parametrize(
    ('values', 'level'),
    [
        (boxes(a=255, b=100), 100),
        (boxes(a=100, b=255), 100),
        (boxes(a=255, b=127), 127),
        (boxes(a=255, b=1), 1),
        (boxes(a=255, b=128), None),
        (boxes(a=255), None),
        (boxes(a=100), None),
        (boxes(), None),
        (cv2.GaussianBlur(boxes(a=255), (0, 0), 2), None),
        (cv2.imdecode(cv2.imencode('.jpg', boxes(a=255), [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0), None),
    ],
)
def test_second_level(values, level):
    assert second_level(values) == level
    assert second_level(values, 'nonzero') is None


@pytest.mark.parametrize(('side', 'width', 'level'), [(5, 12, 100), (4, 20, None), (5, 11, None)])
def test_a_level_fills_squares_and_a_tenth_of_what_is_fake(side, width, level):
    values = boxes(a=255)
    values[35 : 35 + side, :width] = 100
    assert second_level(values) == level


def test_the_most_frequent_level_is_named():
    values = boxes(a=255, b=100)
    values[35:45, 60:80] = 60
    assert second_level(values) == 100


def test_masks_are_binarized_and_cleaned():
    frame = mask_frame(30)
    wanted = frame[..., 0] == 255
    noisy = np.clip(frame.astype(int) + np.random.default_rng(0).integers(-60, 60, frame.shape), 0, 255)
    noisy[4, 100:103], noisy[30:32, 40:42] = 255, 0  # a speck outside, a hole inside
    assert np.array_equal(binarize_mask(noisy.astype(np.uint8), (HEIGHT, WIDTH)), wanted)


def test_masks_are_scaled_to_their_frame():
    mask = binarize_mask(mask_frame(30), (2 * HEIGHT, 2 * WIDTH))
    assert mask.shape == (2 * HEIGHT, 2 * WIDTH)
    assert mask[50:94, 62:106].all()
    assert mask.sum() == pytest.approx(4 * 24 * 24, rel=0.1)
