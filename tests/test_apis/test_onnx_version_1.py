"""Files of version 1: made by an earlier version of the package, and answered as that version did."""

from pathlib import Path

import numpy as np
import pytest

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.apis.onnx_version_1 import GraphOfVersion1
from monfap_mm.deployment.describe import describe
from tests.test_deployment.preprocessed import PICTURES, PREPROCESSORS, make_config, preprocessed_by_mmseg

DATA = Path(__file__).parents[1] / 'data'
FILE = DATA / 'version_1.onnx'


@pytest.mark.parametrize('mode', ['whole', 'slide'])
def test_an_old_file_answers_as_it_did(mode):
    expected = np.load(DATA / 'version_1_answers.npz')
    images = [expected['small'], expected['large']]
    for name, result in zip(('small', 'large'), ForgeryInferencer(str(FILE), mode=mode)(images), strict=True):
        assert result.error is None
        assert result.score == pytest.approx(float(expected[f'{mode}_{name}_score']), abs=1e-5)
        np.testing.assert_allclose(result.probability, expected[f'{mode}_{name}_probability'], atol=2e-3)
        np.testing.assert_allclose(result.coarse, expected[f'{mode}_{name}_coarse'], atol=2e-3)
        np.testing.assert_allclose(list(result.gates.values()), expected[f'{mode}_{name}_gates'], atol=1e-5)


def test_the_old_answers_can_tell():
    expected = np.load(DATA / 'version_1_answers.npz')
    scores = [expected[f'{mode}_{name}_score'] for mode in ('whole', 'slide') for name in ('small', 'large')]
    assert np.diff(np.sort(scores)).max() > 1e-3
    assert 0.02 < (expected['whole_large_probability'] > 0.5).mean() < 0.98


@pytest.mark.parametrize('preprocessor', PREPROCESSORS)
def test_pictures_are_prepared_as_by_mmseg(preprocessor, tmp_path):
    class Session:
        def get_outputs(self):
            return []

    (tmp_path / 'weights').touch()
    cfg = make_config(None, preprocessor)
    graph = GraphOfVersion1(Session(), describe(cfg, str(tmp_path / 'weights')))
    for size in PICTURES:
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        np.testing.assert_array_equal(graph.prepare(image).transpose(2, 0, 1), preprocessed_by_mmseg(cfg, image))
