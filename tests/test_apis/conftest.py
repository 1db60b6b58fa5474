"""A tiny model with weights that answer both ways, and pictures for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from monfap_mm.apis import ForgeryInferencer
from tests.test_configs import CONFIGS

SIZE = 64
LIST = """# name, label, mask
a.png\t0
b.png\t1\tb_mask.png
c.png\t1\tc_mask.png
d.png\t0
"""


@pytest.fixture(scope='session')
def data(tmp_path_factory) -> Path:
    """Four noise pictures of 64 x 64, two with a flat block."""
    folder = tmp_path_factory.mktemp('data')
    rng = np.random.default_rng(0)
    for name in 'abcd':
        image, mask = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8), np.zeros((SIZE, SIZE), np.uint8)
        if name in 'bc':
            image[8:40, 8:40], mask[8:40, 8:40] = 128, 255
            cv2.imwrite(str(folder / f'{name}_mask.png'), mask)
        cv2.imwrite(str(folder / f'{name}.png'), image)
    (folder / 'test.txt').write_text(LIST)
    return folder


@pytest.fixture(scope='session')
def config(data) -> str:
    """The demo's config with another size in the model than in the pictures, as the paper has it."""
    path = data / 'config.py'
    path.write_text(
        f"""
_base_ = {str(CONFIGS / 'demo' / 'monfap-c_demo.py')!r}
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(96, 96), keep_ratio=False),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
test_dataloader = dict(
    batch_size=3, num_workers=0, persistent_workers=False,
    dataset=dict(data_root={str(data)!r}, pipeline=test_pipeline),
)
"""
    )
    return str(path)


@pytest.fixture(scope='session')
def weights(config, data) -> str:
    """Random weights, saved as MMEngine does."""
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    model.init_weights()
    path = data / 'weights.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return str(path)


@pytest.fixture(scope='session')
def inferencer(config, weights) -> ForgeryInferencer:
    return ForgeryInferencer(config, weights, device='cpu')
