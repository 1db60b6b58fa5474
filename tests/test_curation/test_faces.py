import hashlib
import json
import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.curation import faces as module
from monfap_mm.curation.faces import CascadeDetector, YuNetDetector, build_detector
from monfap_mm.jobs.errors import JobError

from .rendered import SEEDS, take_picture

SHARED = Path(os.environ.get('MONFAP_SHARED_DATA', Path(__file__).parents[3] / 'shared/data'))
MODEL = SHARED / 'models/yunet_n_320_320.onnx'
needs_photos = pytest.mark.skipif(not MODEL.exists(), reason=f'no photographs and YuNet model in {SHARED}')


@pytest.fixture(scope='module')
def picture():
    return take_picture(SEEDS[0])


def centres(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def test_the_cascade_finds_drawn_faces(picture):
    image, boxes = picture
    found = build_detector().detect(image)
    assert found.dtype == np.float64
    assert found.shape[1:] == (4,)
    assert (found >= 0).all()
    assert (found <= 256).all()
    assert (np.diff(found[:, 1]) >= 0).all()
    inside = [((boxes[:, :2] < centre) & (centre < boxes[:, 2:])).all(axis=1).any() for centre in centres(found)]
    assert len(found) == 2
    assert all(inside)


def test_large_images_are_searched_at_a_bounded_size(picture):
    image, _ = picture
    detector = CascadeDetector(side=512)
    small = detector.detect(image)
    large = detector.detect(cv2.resize(image, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR))
    assert len(large) == len(small)
    assert np.abs(large / 8 - small).max() < 8


def test_odd_images_have_no_faces():
    detector = build_detector('cascade')
    for shape in ((1, 1, 3), (3, 2000, 3), (40, 40, 3)):
        assert detector.detect(np.full(shape, 128, np.uint8)).shape == (0, 4)


def test_detectors_pickle(picture):
    detector = pickle.loads(pickle.dumps(build_detector()))
    assert np.array_equal(detector.detect(picture[0]), build_detector().detect(picture[0]))
    assert detector.describe() == {'detector': 'cascade', 'side': 1024, 'neighbours': 5}


def test_errors_tell_what_to_do(tmp_path):
    with pytest.raises(JobError, match="no face detector 'mtcnn': choose from cascade, yunet"):
        build_detector('mtcnn')
    with pytest.raises(JobError, match=r'needs its model .*opencv_zoo'):
        build_detector('yunet')
    with pytest.raises(JobError, match=r'Cannot read the face model .*none.onnx: No such file'):
        build_detector(model=tmp_path / 'none.onnx')
    (tmp_path / 'odd.onnx').write_bytes(b'no model at all')
    with pytest.raises(JobError, match='odd.onnx is no model of YuNet'):
        build_detector(model=tmp_path / 'odd.onnx')


class Found:
    """Stands for a network or cascade that finds one face; keeps the size (width, height) that it searched."""

    def setInputSize(self, size):  # noqa: N802  (OpenCV's name)
        self.input_size = size

    def detect(self, image):
        self.size = image.shape[1::-1]
        return 1, np.array([[10, 20, 30, 40, *range(10), 0.9]], np.float32)

    def detectMultiScale(self, image, *args, **kwargs):  # noqa: N802  (OpenCV's name)
        self.size = image.shape[1::-1]
        return [[10, 20, 30, 40]]


@pytest.mark.parametrize(
    ('size', 'searched_by_yunet', 'searched_by_cascade'),
    [
        ((1024, 512), (1024, 512), (1024, 512)),
        ((1025, 1025), (1024, 1024), (1024, 1024)),
        ((4096, 2048), (1024, 512), (1024, 512)),
        ((600, 900), (600, 900), (683, 1024)),
        ((60, 90), (60, 90), (120, 180)),
    ],
)
def test_the_sizes_that_are_searched(monkeypatch, size, searched_by_yunet, searched_by_cascade):
    found = Found()
    monkeypatch.setattr(module, '_load_yunet', lambda content, score: found)
    monkeypatch.setattr(module, '_load_cascade', lambda: found)
    image = np.zeros((*size[::-1], 3), np.uint8)
    for detector, searched in ((YuNetDetector(b'x'), searched_by_yunet), (CascadeDetector(), searched_by_cascade)):
        (box,) = detector.detect(image)
        assert found.size == searched
        corners = np.array([10, 20, 40, 60]) * np.tile(np.divide(size, searched), 2)
        np.testing.assert_allclose(box, np.minimum(corners, np.tile(size, 2)), rtol=1e-12)
    assert found.input_size == searched_by_yunet


def test_what_a_set_says_of_its_detector():
    model = hashlib.sha256(b'x').hexdigest()
    assert YuNetDetector(b'x').describe() == {'detector': 'yunet', 'side': 1024, 'score': 0.7, 'model': model}


@needs_photos
def test_yunet_beats_the_cascade_on_photographs():
    annotations = json.loads((SHARED / 'multiface_photos/faces.json').read_text())
    photos = [cv2.imread(str(SHARED / 'multiface_photos/images' / name)) for name in list(annotations)[::30]]
    passed = {
        name: np.mean([len(build_detector(name, MODEL).detect(photo)) >= 2 for photo in photos])
        for name in ('cascade', 'yunet')
    }
    assert passed['yunet'] > 0.9
    assert 0.4 < passed['cascade'] < passed['yunet']


@needs_photos
def test_yunet_pickles_and_names_its_model():
    detector = build_detector(model=MODEL)
    assert isinstance(detector, YuNetDetector)
    photo = cv2.imread(str(next((SHARED / 'multiface_photos/images').iterdir())))
    assert np.array_equal(pickle.loads(pickle.dumps(detector)).detect(photo), detector.detect(photo))
    assert len(detector.describe()['model']) == 64
    assert 'content' not in repr(detector)
