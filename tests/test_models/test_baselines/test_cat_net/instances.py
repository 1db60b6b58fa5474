"""The two instances of the reference, through the converter's mapping."""

from pathlib import Path

import numpy as np
import torch
from mmseg.registry import MODELS

from monfap_mm.models.baselines.cat_net import CatNet, to_state_dict
from tests.test_configs import load

from .. import peers

CONFIG = Path(__file__).parents[4] / 'configs' / '_base_' / 'models' / 'cat_net.py'
SEED = 20241101
SIZES = dict(a=(2, 128, 128), b=(1, 104, 72))


def small_config() -> dict:
    """The model's config at the widths of the small instance."""
    model = load(CONFIG).model
    model.backbone.init_cfg = None
    extra, widths = model.backbone.extra, (8, 16, 32, 64)
    extra.stage1.update(num_blocks=(1,), num_channels=(16,))
    for i in (2, 3, 4):
        extra[f'stage{i}'].update(num_modules=1, num_blocks=(1,) * i, num_channels=widths[:i])
    model.dct_stream.update(channels=(16, 32, 64), num_modules=(1, 1), num_blocks=1)
    model.update(backbone_channels=widths, fused_channels=widths, num_blocks=1)
    return model


def small_model(**data_preprocessor) -> CatNet:
    """A small model with weights of its own."""
    torch.manual_seed(0)
    config = small_config()
    config.data_preprocessor.update(data_preprocessor)
    model = MODELS.build(config)
    model.init_weights()
    return model


def reference(full: bool = False) -> tuple[CatNet, np.random.RandomState]:
    """A model with the weights of the reference, in eval mode, and the generator that draws the inputs next."""
    config, prefix, gain = (full_config(), '', 0.7) if full else (small_config(), 'small_', 1.0)
    rng = np.random.RandomState(SEED)

    def kernels(rng, key, shape):
        return gain * peers.draw_one(rng, key, shape) if len(shape) > 1 else None

    weights = peers.draw(peers.shapes('cat_net', f'{prefix}state_dict_shapes.json'), rng, kernels)
    model = MODELS.build(config)
    model.load_state_dict(to_state_dict(dict(state_dict=weights)))
    return model.eval(), rng


def full_config() -> dict:
    """The model's config without pretrained weights."""
    model = load(CONFIG).model
    model.backbone.init_cfg = None
    return model


def draw_inputs(rng: np.random.RandomState, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures on their grid ``(B, 5, H, W)`` and masks ``(B, H, W)``."""
    count, height, width = SIZES[name]
    low = rng.standard_normal((count, 3, -(-height // 16), -(-width // 16)))
    high = rng.standard_normal((count, 3, height, width))
    low = np.kron(low, np.ones((16, 16)))[:, :, :height, :width]
    frequency = np.arange(8)
    scale = np.tile(24.0 / (1 + frequency[:, None] + frequency) ** 1.5, (height // 8, width // 8))
    coefficients = np.rint(rng.standard_normal((count, 1, height, width)) * scale)
    table = rng.randint(1, 41, (count, 1, 8, 8))
    rgb = np.clip(0.5 * low + 0.25 * high, -1, 1)
    pixels = (rgb[:, ::-1] + 1) * 127.5
    steps = np.tile(table, (1, 1, height // 8, width // 8))
    masks = np.zeros((count, height, width), np.int64)
    masks[-1, int(height * 0.25) : int(height * 0.7), int(width * 0.3) : int(width * 0.8)] = 1
    masks[:, -8:] = 255
    inputs = np.concatenate([pixels, coefficients, steps], axis=1).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy(masks)
