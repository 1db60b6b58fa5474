from dataclasses import replace

import cv2
import numpy as np
import pytest

from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.worst_cases import by_f1, by_score, draw_worst

from .records import make_record


@pytest.fixture
def records(tmp_path):
    """Four images of one color each with a fake left half; the higher the index, the worse is the score."""
    made = []
    for index in range(4):
        image, mask = tmp_path / f'{index}' / 'x.png', tmp_path / f'{index}_mask.png'
        image.parent.mkdir()
        cv2.imwrite(str(image), np.full((300, 300, 3), 50 * index, np.uint8))
        cv2.imwrite(str(mask), np.repeat([[255, 0]], 150, axis=1).repeat(300, axis=0).astype(np.uint8))
        score, pixels = 0.9 - 0.2 * index, PixelCounts(10 * index, 0, 50, 50)
        paths = dict(img_path=str(image), mask_path=str(mask))
        made.append(make_record(index, 1, **paths, score=score, pixels=pixels))
    return made


def test_criteria():
    fake, real = (make_record(0, label, score=0.8, pixels=PixelCounts(label, 1, 0, 9)) for label in (1, 0))
    assert by_score(fake) == pytest.approx(0.2)
    assert by_score(real) == pytest.approx(0.8)
    assert by_f1(fake) == pytest.approx(1 - 2 / 3)
    assert by_f1(real) == -1


def test_pictures_by_rank(records, tmp_path):
    masks = tmp_path / 'masks'
    masks.mkdir()
    for name in ('x', 'x_1', 'x_2', 'x_3'):  # as MaskWriter names them
        cv2.imwrite(str(masks / f'{name}.png'), np.zeros((300, 300), np.uint8))
    folder = tmp_path / 'worst'
    assert draw_worst(records, 2, folder, masks=masks) == []
    assert sorted(path.name for path in folder.iterdir()) == ['001_x_3.png', '002_x_2.png']
    picture = cv2.imread(str(folder / '001_x_3.png'))
    assert picture.shape == (338, 3 * 308 + 8, 3)
    assert picture[200, 100].tolist() == [150] * 3  # the image
    assert picture[200, 308 + 100].tolist() == [255] * 3  # the truth, left
    assert picture[200, 308 + 250].tolist() == [0] * 3
    assert picture[200, 616 + 100].tolist() == [150] * 3  # nothing predicted


def test_the_truth_of_a_fake_without_mask_is_not_real(records, tmp_path):
    nobody_knows = [replace(record, mask_path=None) for record in records]
    assert draw_worst(nobody_knows, 1, tmp_path / 'worst') == []
    truth = cv2.imread(str(tmp_path / 'worst' / '001_x_3.png'))[40:-8, 308 + 8 : -8]
    assert not (truth == 0).all(axis=2).any()


@pytest.mark.parametrize('processes', [1, 2])
def test_masks_are_not_confused(tmp_path, processes):
    """face_0.png is the mask of face_0.jpg if one process wrote them, and that of face.jpg if two did."""
    masks = tmp_path / 'masks'
    masks.mkdir()
    names = {1: ['face', 'face_0', 'x'], 2: ['face_0', 'face_0_1', 'x_2']}[processes]
    records = []
    for index, (stem, name) in enumerate(zip(('face', 'face_0', 'x'), names)):
        image = tmp_path / f'{stem}.png'
        cv2.imwrite(str(image), np.full((300, 300, 3), 200, np.uint8))
        mask = np.zeros((300, 300), np.uint8)
        mask[: 100 * index] = 255
        cv2.imwrite(str(masks / f'{name}.png'), mask)
        records.append(make_record(index, 0, img_path=str(image)))
    assert draw_worst(records, 3, tmp_path / 'worst', masks=masks) == []
    for index, record in enumerate(records):
        (path,) = (tmp_path / 'worst').glob(f'???_{["face", "face_0", "x"][index]}.png')
        column = cv2.imread(str(path))[34:-4, 616 + 280]  # below the caption, right of the tag
        tinted = [(pixel != 200).any() for pixel in column[[60, 160, 260]]]
        assert tinted == [index > 0, index > 1, False], record.img_path


def test_worst_by_f1(records, tmp_path):
    draw_worst([*records, make_record(9, 0)], 1, tmp_path / 'worst', 'F1')
    assert [path.name for path in (tmp_path / 'worst').iterdir()] == ['001_x.png']


def test_missing_files_are_told_and_the_rest_is_drawn(records, tmp_path):
    image, mask = records[3].img_path, records[2].mask_path
    for path in (image, mask):
        (tmp_path / path).unlink()
    (tmp_path / 'masks').mkdir()
    cv2.imwrite(str(tmp_path / 'masks' / 'x_3.png'), np.zeros((300, 300), np.uint8))
    problems = draw_worst(records, 3, tmp_path / 'worst', masks=tmp_path / 'masks')
    assert len(list((tmp_path / 'worst').iterdir())) == 3
    assert [problem.split(':')[0] for problem in problems] == [
        image,
        mask,
        str(tmp_path / 'masks' / 'x_2.png'),
        str(tmp_path / 'masks' / 'x_1.png'),
    ]


def test_mask_of_another_run_is_told(records, tmp_path):
    (tmp_path / 'masks').mkdir()
    cv2.imwrite(str(tmp_path / 'masks' / 'x_3.png'), np.zeros((30, 40), np.uint8))
    (problem,) = draw_worst(records, 1, tmp_path / 'worst', masks=tmp_path / 'masks')
    assert problem.endswith('x_3.png: the mask has 40x30 pixels, its image 300x300')
