"""Every peer through its shipped common recipe, small enough for a test."""

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from tests.test_configs import CONFIGS, load, without_weights

RECIPES = {path.parent.name: path for path in sorted((CONFIGS / 'baselines').glob('*/*_common-recipe_ofv2-512x512.py'))}
_CAT_NET_WIDTHS = (8, 16, 32, 64)
_NARROW_RESNET = dict(depth=18, multi_grid=(1, 2), base_channels=8, stem_channels=8)
# What makes a model small; a peer that is not here is taken as it is.
SMALLER = dict(
    cat_net=dict(
        backbone=dict(
            extra=dict(stage1=dict(num_blocks=(1,), num_channels=(16,)))
            | {
                f'stage{i}': dict(num_modules=1, num_blocks=(1,) * i, num_channels=_CAT_NET_WIDTHS[:i])
                for i in (2, 3, 4)
            }
        ),
        dct_stream=dict(channels=(16, 32, 64), num_modules=(1, 1), num_blocks=1),
        backbone_channels=_CAT_NET_WIDTHS,
        fused_channels=_CAT_NET_WIDTHS,
        num_blocks=1,
    ),
    doa_gan=dict(decode_head=dict(grid=8, mask_rates=(1, 2, 3))),
    hpfcn=dict(widths=(4, 4, 8, 8), decoder_channels=8),
    mantra_net=dict(base_channels=2, detector_channels=4),
    mvss_net=dict(
        backbone=_NARROW_RESNET,
        noise_backbone=_NARROW_RESNET,
        decode_head=dict(in_channels=[64, 64], channels=32, pam_channels=4),
        edge_stream=dict(in_channels=[8, 16, 32, 64]),
    ),
    ncl_iml=dict(
        backbone=_NARROW_RESNET,
        decode_head=dict(in_channels=[8, 64], channels=32, low_level_channels=6),
    ),
    object_former=dict(
        backbone=dict(image_size=32, num_layers=2, channels=16, num_heads=2, num_prototypes=8),
        decode_head=dict(in_channels=32),
    ),
    pscc_net=dict(
        backbone=dict(extra={f'stage{i}': dict(num_blocks=(1,) * i) for i in (1, 2, 3, 4)}), crop_size=(16, 16)
    ),
)


def small_config(name: str) -> Config:
    """The common recipe of a peer with a small model, without pretrained weights."""
    cfg = load(RECIPES[name])
    without_weights(cfg)
    cfg.merge_from_dict(dict(model=SMALLER.get(name, {})))
    if cfg.model.data_preprocessor.get('size') is not None:
        cfg.model.data_preprocessor.size = None
        cfg.model.data_preprocessor.size_divisor = 1
    for step in cfg.test_dataloader.dataset.pipeline:
        if 'scale' in step:
            step.scale = (64, 64)
    return cfg


def build_small(name: str) -> torch.nn.Module:
    """The small model, always with the same weights."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(small_config(name).model))
