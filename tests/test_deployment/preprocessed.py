"""Pictures as the transforms and the data preprocessor of a config make them, for those that do it themselves."""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmseg.registry import MODELS

from monfap_mm.model_files.loading import load_config, pipeline_without_loading
from tests.test_configs import CONFIGS

PICTURES = [(48, 80), (131, 97), (20, 300), (64, 96)]
PREPROCESSORS = [
    {},
    dict(test_cfg=dict(size_divisor=32), pad_val=3),
    dict(test_cfg=dict(size=(80, 120)), bgr_to_rgb=False),
    dict(mean=None, std=None),
    dict(bgr_to_rgb=False, rgb_to_bgr=True),
]


def make_config(resize: dict | None = None, preprocessor: dict | None = None) -> Config:
    """The demo's, with another ``Resize`` in testing and other keys of the data preprocessor."""
    cfg = Config.fromfile(CONFIGS / 'demo' / 'monfap-c_demo.py')
    steps = [dict(type='Resize', **resize)] if resize else []
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadForgeryImage'), *steps, dict(type='PackForgeryInputs')]
    cfg.model.data_preprocessor.update(preprocessor or {})
    return load_config(cfg, None)[0]


def _packed(cfg: Config, image: np.ndarray) -> dict:
    size = image.shape[:2]
    return Compose(pipeline_without_loading(cfg, None))(dict(img=image, img_path='x', img_shape=size, ori_shape=size))


def resized_by_mmseg(cfg: Config, image: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3), BGR, after the test pipeline."""
    return _packed(cfg, image)['inputs'].permute(1, 2, 0).numpy()


def preprocessed_by_mmseg(cfg: Config, image: np.ndarray) -> np.ndarray:
    """A picture as it goes into the model, (3, H', W')."""
    data, preprocessor = _packed(cfg, image), MODELS.build(cfg.model.data_preprocessor)
    batch = preprocessor(dict(inputs=[data['inputs']], data_samples=[data['data_samples']]), training=False)
    return batch['inputs'][0].numpy()
