"""The model that comes with the package, through the commands that use it."""

import json

import cv2
import matplotlib
import numpy as np
import onnxruntime
import pytest

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.cli import main
from monfap_mm.forging import forge
from monfap_mm.model_files.onnx_metadata import CARD, read_metadata
from monfap_mm.model_files.onnx_seal import is_intact
from monfap_mm.model_files.starter import STARTER, STARTER_FILE
from tests.test_configs import CONFIGS

# A photograph in the public domain, by the US Navy, that comes with Matplotlib.
PORTRAIT = matplotlib.get_data_path() + '/sample_data/grace_hopper.jpg'
FACE = (205, 120, 330, 290)
# A face about as large as those that it learned from.
SCALE = 0.5


@pytest.fixture(scope='module')
def portrait() -> np.ndarray:
    return cv2.resize(cv2.imread(PORTRAIT), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope='module')
def inferencer() -> ForgeryInferencer:
    return ForgeryInferencer(device='cpu')


def test_the_file():
    assert STARTER_FILE.stat().st_size <= 12e6
    assert is_intact(STARTER_FILE)
    entries = onnxruntime.InferenceSession(STARTER_FILE).get_modelmeta().custom_metadata_map
    metadata = read_metadata(entries, str(STARTER_FILE))
    assert (CONFIGS / 'starter' / f'{metadata.config}.py').is_file()
    assert (metadata.mode, metadata.resize.scale, metadata.resize.keep_ratio) == ('whole', (384, 384), True)
    assert metadata.experts == ('cd', 'bayar', 'srm', 'hf')
    for word in ('CC0', 'Apache-2.0', 'CASIA', 'cannot'):
        assert word in entries[CARD]


def test_the_card_has_the_figures_of_the_page():
    card = onnxruntime.InferenceSession(STARTER_FILE).get_modelmeta().custom_metadata_map[CARD]
    page = (CONFIGS.parent / 'docs' / 'starter-model.md').read_text()
    rows = [line for line in card.splitlines() if line.startswith('|')]
    assert len(rows) >= 5
    assert not [row for row in rows if row not in page]


def test_predict_needs_no_model(tmp_path, capsys):
    assert main(['predict', PORTRAIT, '--out', str(tmp_path / 'out'), '--evidence', 'all']) == 0
    (line,) = (tmp_path / 'out' / 'predictions.jsonl').read_text().splitlines()
    answer = json.loads(line)
    assert answer['model'] == STARTER
    assert (answer['label'], answer['size'], answer['faces']) == ('real', [600, 512], [])
    assert json.loads((tmp_path / 'out' / 'run.json').read_text())['weights']
    assert f'>{STARTER}<' in (tmp_path / 'out' / 'report.html').read_text()


def test_it_tells_a_forged_face(portrait, inferencer):
    (answer,) = inferencer(portrait)
    assert answer.label == 'real'
    assert answer.mask.mean() < 1e-3
    forged = forge(portrait, np.array([FACE]) * SCALE, [], np.random.default_rng(1), ('self_blend',), count=1)
    (answer,) = inferencer(forged.image)
    assert (answer.label, answer.model) == ('fake', STARTER)
    overlap = (answer.mask & forged.mask).sum() / (answer.mask | forged.mask).sum()
    assert overlap > 0.5


def test_its_weights_cannot_be_replaced():
    with pytest.raises(ValueError, match='holds its weights: leave out x.pth, or name its config as the model'):
        ForgeryInferencer(weights='x.pth')


def test_info_names_it(capsys):
    assert main(['info']) == 0
    assert f'  {STARTER} ' in capsys.readouterr().out
