import json
import runpy

import cv2
import numpy as np
import pytest

from monfap_mm.curation.photos import GivenFaces
from monfap_mm.jobs.errors import JobError
from tests.test_curation.rendered import SEEDS, take_picture
from tests.test_tools.conftest import ROOT
from tools.analysis_tools.eval_faces import count_matches, evaluate, main, one_face_crop


class KnownFaces:
    """Knows a picture's faces; of a part of it, says two if it is higher than wide."""

    def detect(self, image):
        if image.shape[:2] == (100, 200):
            return np.array([[12.0, 10, 32, 30], [150, 60, 160, 80]])
        return np.zeros((1 + (image.shape[0] > image.shape[1]), 4))


def test_surroundings_of_one_face():
    boxes = np.array([[10.0, 10, 30, 30], [60, 60, 70, 80], [72, 50, 80, 60]])
    assert one_face_crop(boxes, 0, 200, 100) == (0, 0, 50, 50)
    assert one_face_crop(boxes, 1, 200, 100) is None
    assert one_face_crop(boxes[:2], 1, 65, 90) == (50, 40, 65, 90)


def test_matches_at_half_overlap():
    wanted = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    found = np.array([[1.0, 0, 11, 10], [0, 0, 10, 10], [20, 0, 30, 4]])
    assert count_matches(found, wanted) == 1
    assert count_matches(np.zeros((0, 4)), wanted) == 0


def test_counts(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((100, 200, 3), np.uint8))
    faces = GivenFaces({'a.png': [[10, 10, 30, 30], [150, 60, 160, 80]]})
    counts = evaluate(KnownFaces(), faces, tmp_path)
    assert counts.pop('seconds') > 0
    assert counts == dict(photos=1, photos_passed=1, crops=2, crops_passed=1, boxes=2, found=2, matched=2)


def test_boxes_without_an_area_match_nothing(tmp_path):
    flat = np.array([[5.0, 5, 5, 5], [9, 9, 3, 3]])
    with np.errstate(all='raise'):
        assert count_matches(flat, flat) == 0
        assert count_matches(np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 0, 10, 10], [5, 5, 5, 5]])) == 1
    assert one_face_crop(flat, 0, 200, 100) is None
    assert one_face_crop(np.array([[500.0, 500, 520, 520]]), 0, 200, 100) is None
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((100, 200, 3), np.uint8))
    faces = GivenFaces({'a.png': [[5, 5, 5, 5], [500, 500, 520, 520]]})
    assert evaluate(KnownFaces(), faces, tmp_path)['crops'] == 0


def test_command(tmp_path, monkeypatch, capsys):
    boxes = {}
    for seed in SEEDS[:2]:
        image, found = take_picture(seed)
        cv2.imwrite(str(tmp_path / f'{seed}.png'), image)
        boxes[f'{seed}.png'] = found.tolist()
    (tmp_path / 'faces.json').write_text(json.dumps(boxes))
    arguments = ['eval_faces.py', str(tmp_path / 'faces.json'), str(tmp_path)]
    monkeypatch.setattr('sys.argv', arguments)
    main()
    assert 'recall     100.0%  2 of 2 photographs' in capsys.readouterr().out
    monkeypatch.setattr('sys.argv', [*arguments, '--detector', 'yunet'])
    with pytest.raises(JobError, match='needs its model'):
        main()


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        ('[]', 'must be an object of file names and boxes'),
        ('{"a.png": "x"}', "the boxes of 'a.png'"),
        ('{"none.png": [[1, 2, 3, 4]]}', "Cannot read a photograph: 'none.png': no such file"),
        ('{"../a.png": [[1, 2, 3, 4]]}', 'leads out of'),
    ],
)
def test_what_cannot_run_says_why(tmp_path, monkeypatch, capsys, content, reason):
    (tmp_path / 'faces.json').write_text(content)
    monkeypatch.setattr('sys.argv', ['eval_faces.py', str(tmp_path / 'faces.json'), str(tmp_path)])
    with pytest.raises(SystemExit) as info:
        runpy.run_path(str(ROOT / 'tools/analysis_tools/eval_faces.py'), run_name='__main__')
    assert info.value.code == 2
    assert reason in capsys.readouterr().err
