"""The input of an exported model against the transforms and the data preprocessor of a config."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from monfap_mm.deployment.describe import describe
from monfap_mm.model_files.loading import load_config, pipeline_without_loading
from monfap_mm.model_files.onnx_input import OnnxInput
from tests.test_configs import CONFIGS

PICTURES = [(48, 80), (131, 97), (20, 300), (64, 96)]


def made_by_mmseg(cfg, image):
    from mmengine.dataset import Compose

    size = image.shape[:2]
    values = dict(img=image, img_path='x', img_shape=size, ori_shape=size)
    data = Compose(pipeline_without_loading(cfg, None))(values)
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    batch = preprocessor(dict(inputs=[data['inputs']], data_samples=[data['data_samples']]), training=False)
    return batch['inputs'][0], batch['data_samples'][0].metainfo.get('img_padding_size', (0, 0, 0, 0))


@pytest.mark.parametrize(
    ('resize', 'preprocessor'),
    [
        (dict(scale=(96, 64), keep_ratio=False), {}),
        (dict(scale=(96, 64), keep_ratio=True), dict(test_cfg=dict(size_divisor=32), pad_val=3)),
        (dict(scale=(64, 96), keep_ratio=True), dict(test_cfg=dict(size=(80, 120)), bgr_to_rgb=False)),
        (dict(scale=50, interpolation='area'), dict(mean=None, std=None)),
        (dict(scale=(40, 30), interpolation='bicubic', keep_ratio=False), dict(bgr_to_rgb=False, rgb_to_bgr=True)),
        (None, {}),
    ],
)
def test_the_same_as_by_mmseg(resize, preprocessor, tmp_path):
    cfg = Config.fromfile(CONFIGS / 'demo' / 'monfap-c_demo.py')
    steps = [dict(type='Resize', **resize)] if resize else []
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadForgeryImage'), *steps, dict(type='PackForgeryInputs')]
    cfg.model.data_preprocessor.update(preprocessor)
    (tmp_path / 'weights').touch()
    cfg, _ = load_config(cfg, None)
    make = OnnxInput(describe(cfg, str(tmp_path / 'weights')), resized=True)
    for size in PICTURES:
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        expected, (_, right, _, below) = made_by_mmseg(cfg, image)
        array, content = make(image)
        torch.testing.assert_close(torch.from_numpy(array), expected, rtol=0, atol=0)
        assert content == (expected.shape[1] - below, expected.shape[2] - right)


def test_windows_are_taken_at_full_resolution(tmp_path):
    (tmp_path / 'weights').touch()
    cfg, _ = load_config(str(CONFIGS / 'monfap' / 'monfap-c_8xb32-40e_ofv2-512x512.py'), None)
    make = OnnxInput(describe(cfg, str(tmp_path / 'weights')), resized=False)
    assert make(np.zeros((30, 40, 3), np.uint8))[0].shape == (3, 30, 40)
