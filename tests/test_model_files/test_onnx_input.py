"""The resizing for an exported model against the transforms of a config."""

import numpy as np
import pytest

from monfap_mm.deployment.describe import describe
from monfap_mm.model_files.loading import load_config
from monfap_mm.model_files.onnx_input import resize_picture
from tests.test_configs import CONFIGS
from tests.test_deployment.preprocessed import PICTURES, make_config, resized_by_mmseg


@pytest.mark.parametrize(
    'resize',
    [
        dict(scale=(96, 64), keep_ratio=False),
        dict(scale=(96, 64), keep_ratio=True),
        dict(scale=(64, 96), keep_ratio=True),
        dict(scale=50, interpolation='area'),
        dict(scale=(40, 30), interpolation='bicubic', keep_ratio=False),
        dict(scale=(40, 30), interpolation='nearest'),
        dict(scale=(40, 30), interpolation='lanczos'),
        None,
    ],
)
def test_the_same_as_by_mmseg(resize, tmp_path):
    (tmp_path / 'weights').touch()
    cfg = make_config(resize)
    step = describe(cfg, str(tmp_path / 'weights')).resize
    for size in PICTURES:
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        np.testing.assert_array_equal(resize_picture(image, step), resized_by_mmseg(cfg, image))


def test_a_shipped_config(tmp_path):
    (tmp_path / 'weights').touch()
    cfg, _ = load_config(str(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py'), None)
    step = describe(cfg, str(tmp_path / 'weights')).resize
    assert resize_picture(np.zeros((30, 40, 3), np.uint8), step).shape == (512, 512, 3)
