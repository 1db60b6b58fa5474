"""The model on other backbones, and its parts in stock segmentors: forward, loss, backward, two steps."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm

from tests.samples import ATTO, ATTO_CHANNELS, build, make_samples, monfap_cfg, train_steps

CONFIGS = Path(__file__).parents[2] / 'configs'
HRNET = dict(
    type='HRNet',
    norm_cfg=dict(type='BN'),
    extra=dict(
        stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(4,), num_channels=(64,)),
        stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(4, 4), num_channels=(18, 36)),
        stage3=dict(num_modules=4, num_branches=3, block='BASIC', num_blocks=(4,) * 3, num_channels=(18, 36, 72)),
        stage4=dict(num_modules=3, num_branches=4, block='BASIC', num_blocks=(4,) * 4, num_channels=(18, 36, 72, 144)),
    ),
)
# The large ones are narrower here; tests/test_configs.py builds them as they are.
WIDE = [64, 128, 256, 512]  # the outputs of the ResNet, before they are projected
BACKBONES = {
    'ConvNeXtV2-atto': (ATTO, ATTO_CHANNELS, {}),
    'ResNet-50 slim': (
        dict(type='ResNet', depth=50, base_channels=16, norm_cfg=dict(type='BN')),
        [16, 32, 64, 128],
        {},
    ),
    'Swin': (
        dict(type='SwinTransformer', embed_dims=24, depths=(2, 2, 2, 2), num_heads=(3, 6, 12, 24)),
        [24, 48, 96, 192],
        {},
    ),
    'MiT-B0': (
        dict(type='MixVisionTransformer', embed_dims=32, num_heads=[1, 2, 5, 8], num_layers=[2, 2, 2, 2]),
        [32, 64, 160, 256],
        {},
    ),
    # 8 heads do not divide 18 channels.
    'HRNet-W18': (HRNET, [18, 36, 72, 144], dict(num_heads=6)),
}


def images(size=64):
    torch.manual_seed(1)
    return torch.randn(2, 3, size, size)


@pytest.mark.parametrize('name', BACKBONES)
def test_monfap_on(name):
    backbone, channels, head = BACKBONES[name]
    cfg = monfap_cfg(backbone, channels, head=head)
    if name.startswith('ResNet'):
        cfg['projection'] = dict(type='ChannelProjection', in_channels=WIDE, out_channels=channels)
    model = build(cfg)
    train_steps(model, images(), make_samples((64, 64)))
    samples = model.eval().predict(images(), make_samples((64, 64)))
    assert samples[0].seg_logits.shape == (64, 64)
    torch.testing.assert_close(samples[0].pred_label.score.sum(), torch.tensor(1.0))


def test_a_plain_vision_transformer():
    """Through the shipped config, narrower and of fewer layers: it stays as it was, and all else learns."""
    cfg = Config.fromfile(CONFIGS / 'monfap' / 'monfap_dinov2-small_8xb32-40e_ofv2-532x532.py').model
    channels = [48] * 4
    arch = dict(embed_dims=48, num_layers=4, num_heads=4, feedforward_channels=96)
    cfg.backbone.update(arch=arch, out_indices=(0, 1, 2, 3), frozen_stages=4, init_cfg=None)
    cfg.projection.embed_dim = 48
    for part in (cfg.neck, cfg.decode_head):
        part.in_channels = channels
    model = revert_sync_batchnorm(build(cfg))
    before = copy.deepcopy(model.backbone.state_dict())
    train_steps(model, images(84), make_samples((84, 84)))
    assert all(torch.equal(value, before[name]) for name, value in model.backbone.state_dict().items())
    feats = model.extract_feat(images(84))
    assert [feat.shape[1:] for feat in feats] == [(48, side, side) for side in (24, 12, 6, 3)]


@pytest.mark.slow
def test_monfap_r_as_written():
    """At full width the coarsest Bayar expert alone has 105 M weights: smallest image, leanest optimizer."""
    model = build(monfap_cfg(dict(type='ResNet', depth=50, norm_cfg=dict(type='BN')), [256, 512, 1024, 2048]))
    assert model.neck.levels[3].experts['bayar'].kernel().numel() == 2048 * 2048 * 25
    train_steps(model, images(32), make_samples((32, 32)), torch.optim.SGD(model.parameters(), lr=1e-4))


def test_head_alone_in_an_encoder_decoder():
    head = dict(type='FUPHead', in_channels=ATTO_CHANNELS, coarse_channels=16)
    model = build(dict(type='EncoderDecoder', backbone=ATTO, decode_head=head, test_cfg=dict(mode='whole')))
    losses = model.loss(images(), make_samples((64, 64)))
    assert set(losses) == {
        f'decode.loss_{name}' for name in ('img', 'pix_genuine', 'pix_manipulated', 'aux_genuine', 'aux_manipulated')
    }
    train_steps(model, images(), make_samples((64, 64)))
    sample = model.eval().predict(images(), make_samples((64, 64)))[0]
    expected = model.decode_head.predict(model.extract_feat(images()), [dict(img_shape=(64, 64), pad_shape=(64, 64))])[
        0
    ]
    torch.testing.assert_close(sample.seg_logits.data, expected)


def test_neck_before_a_stock_head():
    head = dict(
        type='UPerHead', in_channels=ATTO_CHANNELS, in_index=[0, 1, 2, 3], channels=16, num_classes=2,
        norm_cfg=dict(type='BN'),
    )  # fmt: skip
    model = build(
        dict(
            type='EncoderDecoder',
            backbone=ATTO,
            neck=dict(type='MixtureOfNoises', in_channels=ATTO_CHANNELS, residual=True),
            decode_head=head,
            test_cfg=dict(mode='whole'),
        )
    )
    train_steps(model, images(128), make_samples((128, 128)))
    assert model.eval().predict(images(128), make_samples((128, 128)))[0].seg_logits.shape == (128, 128)
