import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from monfap_mm.cli.answer_files import file_name, write_answer_files
from monfap_mm.structures import ForgeryResult, Region
from monfap_mm.visualization.evidence import draw_evidence


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


@pytest.mark.parametrize(
    ('label', 'has_region', 'evidence', 'drawn'),
    [
        ('fake', True, None, False),
        ('fake', False, 'suspect', True),
        ('real', True, 'suspect', True),
        ('real', False, 'suspect', False),
        ('real', False, 'all', True),
    ],
)
def test_whom_evidence_is_drawn_for(label, has_region, evidence, drawn, folder):
    regions = (Region((200, 100, 350, 250), 150 * 150, 0.9),) if has_region else ()
    (folder / 'evidence').mkdir()
    files = write_answer_files(folder, replace(answer(label=label), regions=regions), evidence)
    assert ('evidence' in files) == drawn
    assert len(list(folder.glob('evidence/x.png.*.png'))) == drawn
    if drawn:
        page = cv2.imread(str(folder / files['evidence']))[..., ::-1]
        assert (page == draw_evidence(replace(answer(label=label), regions=regions))).all()


def test_pictures_of_one_name_in_two_folders_and_odd_names(folder):
    paths = ['a/x.png', 'b/x.png', 'x.jpg', 'two\nlines.png', '\udce9.png', 'a' * 250 + '.png']
    files = [write_answer_files(folder, answer(path)) for path in paths]
    assert len({file['mask'] for file in files}) == len(list(folder.glob('masks/*.png'))) == len(paths)
    assert files[0] == write_answer_files(folder, answer('a/x.png'))  # the same in every run
    assert files[0]['mask'].startswith('masks/x.png.')


def test_names_carry_128_bits_of_the_path_in_small_letters():
    digest = hashlib.sha256(b'A/x.jpg').hexdigest()[:32]
    assert file_name('A/x.jpg') == f'x.jpg.{digest}'
    names = [file_name(path) for path in ('A/x.jpg', 'a/x.jpg', 'a/X.jpg', './a/x.jpg')]
    assert len({name.lower() for name in names}) == 4, 'a file system that ignores case keeps them apart'


def test_no_answer_no_files(folder):
    assert write_answer_files(folder, ForgeryResult('x.png', error='x.png is empty')) == {}
