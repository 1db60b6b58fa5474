import os

import cv2
import numpy as np

from monfap_mm.curation.check_samples import Sample
from monfap_mm.curation.contact_sheet import draw_sheet


def save(path, picture):
    cv2.imwrite(str(path), picture)
    return str(path)


def test_a_row_for_each_list_and_label(tmp_path):
    blue = save(tmp_path / 'blue.png', np.full((64, 128, 3), (255, 0, 0), np.uint8))
    mask = np.zeros((64, 128), np.uint8)
    mask[:, :64] = 255
    mask = save(tmp_path / 'mask.png', mask)
    os.mkfifo(tmp_path / 'pipe.png')  # would block a reader for ever
    broken = Sample('train', str(tmp_path / 'pipe.png'), None, 0)
    lists = {
        'train': [*[Sample('train', blue, None, 0)] * 20, Sample('train', blue, mask, 1)],
        'test': [Sample('test', blue, mask, 1), broken],
    }
    sheet = draw_sheet(lists)
    assert sheet.shape == (3 * 294, 8 + 8 * 264, 3)
    # The middle of the first panel of each row: its right half is untouched blue, its left half tinted if forged.
    for row in range(3):
        middle = 294 * row + 30 + 128
        assert tuple(sheet[middle, 8 + 200]) == (0, 0, 255)
        assert (sheet[middle, 8 + 60, 0] > 50) == (row > 0)


def test_a_fake_without_mask_is_shown_without_outline(tmp_path):
    blue = save(tmp_path / 'blue.png', np.full((64, 128, 3), (255, 0, 0), np.uint8))
    sheet = draw_sheet({'train': [Sample('train', blue, None, 1)]})
    assert tuple(sheet[30 + 128, 8 + 60]) == (0, 0, 255)


def test_nothing_to_show(tmp_path):
    assert (draw_sheet({'train': [Sample('train', str(tmp_path / 'none.png'), None, 0)]}) == 255).all()
    assert draw_sheet({}).ndim == 3
