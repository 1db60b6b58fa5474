"""The graph on every backbone of the matrix, against a model that the exporter has not touched."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS

from monfap_mm.deployment.export import OUTPUTS, ExportError, ExportForm, export_program, to_onnx
from monfap_mm.model_files.loading import build_model, load_config
from monfap_mm.model_files.onnx_metadata import KEY
from tests.samples import build, monfap_cfg

from .samples import METADATA

ONE_BLOCK = dict(num_modules=1, block='BASIC')
HRNET = dict(
    type='HRNet',
    norm_cfg=dict(type='BN'),
    extra=dict(
        stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(8,)),
        stage2=dict(ONE_BLOCK, num_branches=2, num_blocks=(1,) * 2, num_channels=(8, 16)),
        stage3=dict(ONE_BLOCK, num_branches=3, num_blocks=(1,) * 3, num_channels=(8, 16, 24)),
        stage4=dict(ONE_BLOCK, num_branches=4, num_blocks=(1,) * 4, num_channels=(8, 16, 24, 32)),
    ),
)
# The families of tests/test_models/test_backbones.py, as shallow as they can be; ConvNeXt V2 is the one with neck.
BACKBONES = {
    'ResNet slim': (dict(type='ResNet', depth=18, base_channels=8, norm_cfg=dict(type='BN')), [8, 16, 24, 32]),
    'MiT': (
        dict(type='MixVisionTransformer', embed_dims=8, num_heads=[1, 2, 3, 4], num_layers=[1, 1, 1, 1]),
        [8, 16, 24, 32],
    ),
    'HRNet': (HRNET, [8, 16, 24, 32]),
}
SWIN = dict(type='SwinTransformer', embed_dims=24, depths=(2, 1, 1, 1), num_heads=(3, 3, 3, 3))
# Odd sizes, sizes that 32 does not divide, one that is smaller than what the graph was recorded with, one image.
SHAPES = ((1, 64, 64), (3, 97, 131), (2, 224, 128), (1, 33, 250), (1, 32, 32))


def model_on(name):
    """One stage and no neck: those are not the backbone's business."""
    backbone, channels = BACKBONES[name]
    cfg = monfap_cfg(backbone, channels, head=dict(num_scales=1))
    del cfg['neck']
    if name == 'ResNet slim':
        cfg['projection'] = dict(type='ChannelProjection', in_channels=[8, 16, 32, 64], out_channels=channels)
    return build(cfg).eval()


def outputs(model, images):
    with torch.no_grad():
        output = model.forward_all(torch.from_numpy(images))
    return [value.numpy() for name in OUTPUTS if (value := getattr(output, name)) is not None]


@pytest.fixture(scope='module')
def whole(onnx_model):
    """A ConvNeXt V2 with neck and two stages, and its file."""
    cfg, _ = load_config(onnx_model.config, None)
    return build_model(cfg, onnx_model.weights, 'cpu'), Path(onnx_model.file).read_bytes()


def assert_same(model, content, shapes=SHAPES):
    session = onnxruntime.InferenceSession(content)
    for batch, *size in shapes:
        images = np.random.default_rng(1).standard_normal((batch, 3, *size), dtype=np.float32)
        for a, b in zip(session.run(None, {'image': images}), outputs(model, images), strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, atol=1e-4 * max(1, np.abs(b).max()), rtol=0)


def test_any_batch_and_size(whole):
    assert_same(*whole)


@pytest.mark.parametrize('name', ['ResNet slim', 'MiT', 'HRNet'])
def test_on(name):
    model = model_on(name)
    program = export_program(ExportForm(copy.deepcopy(model)))
    assert len(program.graph_signature.user_outputs) == 3  # no gates
    assert_same(model, to_onnx(program, METADATA))


def test_swin_is_refused_with_a_reason():
    model = build(monfap_cfg(SWIN, [24, 48, 96, 192]))
    with pytest.raises(ExportError, match='backbone SwinTransformer cannot be exported: .* for one size'):
        ExportForm(model)


def test_other_models_are_refused():
    fcn = MODELS.build(
        ConfigDict(
            type='EncoderDecoder',
            backbone=BACKBONES['ResNet slim'][0],
            decode_head=dict(type='FCNHead', in_channels=64, in_index=3, channels=8, num_classes=2),
            test_cfg=dict(mode='whole'),
        )
    )
    with pytest.raises(ExportError, match='such as MoNFAP, can be exported, not EncoderDecoder'):
        ExportForm(fcn)


def test_what_holds_for_one_size_only_is_an_error():
    model = model_on('MiT')
    model.extract_feat = lambda image: image.reshape(2, 3, -1, 202)
    with pytest.raises(ExportError, match=re.escape('(backbone MixVisionTransformer) has no graph for all batches')):
        export_program(ExportForm(model))


def test_names_and_metadata(whole):
    model = onnx.load_from_string(whole[1])
    onnx.checker.check_model(model)
    metadata = json.loads({entry.key: entry.value for entry in model.metadata_props}[KEY])
    assert (metadata['config'], metadata['experts']) == ('tiny', ['cd', 'bayar', 'srm', 'hf'])
    dims = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert dims['image'] == ['batch', 3, 'height', 'width']
    assert list(dims)[1:] == ['cls_logits', 'mask_logits', 'coarse_logits', 'gates']
    assert dims['cls_logits'] == ['batch', 2]
    assert dims['gates'] == ['batch', 4, 4]


def test_blocked_and_free_pixels_are_told_apart(whole):
    images = np.random.default_rng(1).standard_normal((1, 3, 97, 131), dtype=np.float32)
    assert 0.05 < (outputs(whole[0], images)[2] > 0).mean() < 0.95
    model = copy.deepcopy(whole[0])
    model.decode_head.mask_threshold = 0
    with pytest.raises(AssertionError):
        assert_same(model, whole[1], [(1, 97, 131)])
