import cv2
import numpy as np
import pytest
import torch

from monfap_mm.evaluation import MaskWriter


def sample(path, index, mask):
    return dict(img_path=path, sample_idx=index, pred_sem_seg=dict(data=torch.tensor(mask)[None]))


def test_masks_are_written_as_they_are_read(tmp_path):
    writer = MaskWriter(str(tmp_path / 'masks'))
    writer.process({}, [sample('a/one.jpg', 0, [[0, 1], [1, 0]]), sample('a/two.jpg', 1, [[0, 0], [0, 1]])])
    mask = cv2.imread(str(tmp_path / 'masks' / 'one.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, [[0, 255], [255, 0]])
    assert mask.dtype == np.uint8
    assert writer.evaluate(size=2) == {}


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path):
    writer = MaskWriter(str(tmp_path))
    writer.process({}, [sample('a/one.jpg', 0, [[0]]), sample('b/one.jpg', 7, [[1]])])
    assert cv2.imread(str(tmp_path / 'one.png'), cv2.IMREAD_UNCHANGED).item() == 0
    assert cv2.imread(str(tmp_path / 'one_7.png'), cv2.IMREAD_UNCHANGED).item() == 255


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / 'one.png').mkdir()
    with pytest.raises(OSError, match=r'Cannot write the mask .*one\.png'):
        MaskWriter(str(tmp_path)).process({}, [sample('one.jpg', 0, [[0]])])
