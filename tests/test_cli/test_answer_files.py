import cv2
import numpy as np
import pytest

from monfap_mm.cli.answer_files import draw_overlay, write_answer_files
from monfap_mm.datasets import PALETTE
from monfap_mm.structures import ForgeryResult


def answer(path='x.png', label='fake', score=0.875) -> ForgeryResult:
    mask = np.zeros((300, 400), bool)
    mask[100:250, 200:350] = True
    image = np.full((300, 400, 3), (200, 100, 0), np.uint8)  # BGR
    return ForgeryResult(path, (300, 400), score, label, mask, image=image)


@pytest.fixture
def folder(tmp_path):
    for name in ('masks', 'overlays'):
        (tmp_path / name).mkdir()
    return tmp_path


def test_the_mask_is_exact(folder):
    files = write_answer_files(folder, answer())
    mask = cv2.imread(str(folder / files['mask']), cv2.IMREAD_UNCHANGED)
    assert (mask == answer().mask * 255).all()
    assert mask.dtype == np.uint8
    assert cv2.imread(str(folder / files['overlay'])).shape == (300, 400, 3)


def test_the_overlay_tints_fake_pixels_and_leaves_the_others():
    picture = draw_overlay(answer())
    assert (picture[280, 20] == (0, 100, 200)).all()  # RGB
    tinted = 0.55 * np.array([0, 100, 200]) + 0.45 * np.array(PALETTE[1])
    np.testing.assert_allclose(picture[175, 275], tinted, atol=1)


@pytest.mark.parametrize('label', ['real', 'fake'])
def test_the_tag_has_the_colour_of_the_label(label):
    tag = draw_overlay(answer(label=label))[5:40, 5:250].reshape(-1, 3)
    color = PALETTE[['real', 'fake'].index(label)]
    assert (tag == color).all(axis=1).sum() > 500


def test_pictures_of_one_name_in_two_folders_and_odd_names(folder):
    paths = ['a/x.png', 'b/x.png', 'x.jpg', 'two\nlines.png', '\udce9.png', 'a' * 250 + '.png']
    files = [write_answer_files(folder, answer(path)) for path in paths]
    assert len({file['mask'] for file in files}) == len(list(folder.glob('masks/*.png'))) == len(paths)
    assert files[0] == write_answer_files(folder, answer('a/x.png'))  # the same in every run
    assert files[0]['mask'].startswith('masks/x.png.')


def test_no_answer_no_files(folder):
    assert write_answer_files(folder, ForgeryResult('x.png', error='x.png is empty')) == {}
