"""The graph on every backbone of the matrix, against a model that the exporter has not touched."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.deployment import export
from monfap_mm.deployment.describe import describe
from monfap_mm.deployment.export import ExportError, ExportForm, export_program, to_onnx
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
# Odd sizes, sizes that 32 does not divide, one that is smaller than what the graph was recorded with, one image,
# one that the model pads.
SHAPES = ((1, 64, 64), (3, 97, 131), (2, 224, 128), (1, 33, 250), (1, 32, 32), (1, 16, 5))


def model_on(name):
    """One stage and no neck: those are not the backbone's business."""
    backbone, channels = BACKBONES[name]
    cfg = monfap_cfg(backbone, channels, head=dict(num_scales=1))
    del cfg['neck']
    if name == 'ResNet slim':
        cfg['projection'] = dict(type='ChannelProjection', in_channels=[8, 16, 32, 64], out_channels=channels)
    return build(cfg).eval()


def answers(model, images, size):
    """By the model, its data preprocessor and PyTorch's resizing, step by step, without :class:`ExportForm`."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (METADATA.mean, METADATA.std))
    inputs = (torch.from_numpy(images[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)) - mean) / std
    with torch.no_grad():
        prediction = model.inference(inputs, [])
    logits = torch.nn.functional.interpolate(prediction.seg_logits, size, mode='bilinear', align_corners=False)
    found = dict(
        score=prediction.scores[:, 1],
        probability=logits.softmax(dim=1)[:, 1],
        logits=logits[:, 1] - logits[:, 0],
        coarse=prediction.coarse_prob[:, 0],
        gates=prediction.gates,
    )
    return {name: value.numpy() for name, value in found.items() if value is not None}


@pytest.fixture(scope='module')
def whole(onnx_model):
    """A ConvNeXt V2 with neck and two stages, and its file."""
    cfg, _ = load_config(onnx_model.config, None)
    return build_model(cfg, onnx_model.weights, 'cpu'), Path(onnx_model.file).read_bytes()


def assert_same(model, content, shapes=SHAPES):
    session = onnxruntime.InferenceSession(content)
    names = [output.name for output in session.get_outputs()]
    for batch, height, width in shapes:
        images = np.random.default_rng(1).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
        size = (2 * width + 1, height)
        found = dict(zip(names, session.run(None, dict(image=images, size=np.array(size)))))
        expected = answers(model, images, size)
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert found[name].shape == value.shape
            np.testing.assert_allclose(found[name], value, atol=1e-4 * max(1, np.abs(value).max()), rtol=0)


def test_any_batch_and_size(whole):
    assert_same(*whole)


@pytest.mark.parametrize(
    'name', ['ResNet slim', pytest.param('MiT', marks=pytest.mark.slow), pytest.param('HRNet', marks=pytest.mark.slow)]
)
def test_on(name):
    model = model_on(name)
    form = ExportForm(copy.deepcopy(model), replace(METADATA, experts=()))
    program = export_program(form)
    assert len(program.graph_signature.user_outputs) == 4  # no gates
    assert_same(model, to_onnx(program, form, METADATA))


def test_swin_is_refused_with_a_reason():
    model = build(monfap_cfg(SWIN, [24, 48, 96, 192]))
    with pytest.raises(ExportError, match='backbone SwinTransformer cannot be exported: .* for one size'):
        ExportForm(model, METADATA)


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
        ExportForm(fcn, METADATA)


def test_aligned_corners_are_refused():
    model = model_on('ResNet slim')
    model.align_corners = True
    with pytest.raises(ExportError, match='MoNFAP with align_corners=True'):
        ExportForm(model, METADATA)


def test_an_operator_without_translation_is_an_error(monkeypatch):
    def refuse(*args, **kwargs):
        raise torch.onnx.OnnxExporterError('a long story') from ValueError('no airy_ai')

    monkeypatch.setattr(torch.onnx, 'export', refuse)
    form = ExportForm(model_on('ResNet slim'), replace(METADATA, experts=()))
    with pytest.raises(ExportError, match='MoNFAP cannot be translated to ONNX: no airy_ai'):
        to_onnx(None, form, METADATA)


def test_what_holds_for_one_size_only_is_an_error():
    form = ExportForm(model_on('MiT'), METADATA)
    form.model.forward_all = lambda image: image.reshape(2, 3, -1, 202)
    with pytest.raises(ExportError, match=re.escape('(backbone MixVisionTransformer) has no graph for all batches')):
        export_program(form)


def test_names_and_metadata(whole):
    model = onnx.load_from_string(whole[1])
    onnx.checker.check_model(model)
    metadata = json.loads({entry.key: entry.value for entry in model.metadata_props}[KEY])
    assert (metadata['config'], metadata['experts']) == ('tiny', ['cd', 'bayar', 'srm', 'hf'])
    dims = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert dims == dict(
        image=['batch', 'height', 'width', 3],
        size=[2],
        score=['batch'],
        probability=['batch', 'size_height', 'size_width'],
        logits=['batch', 'size_height', 'size_width'],
        coarse=['batch', 'height', 'width'],
        gates=['batch', 4, 4],
    )


def test_nothing_of_this_machine_is_in_the_file(whole):
    """The exporter notes the path of each line of code."""
    assert b'monfap_mm.models' not in whole[1]
    assert str(Path(export.__file__).parent).encode() not in whole[1]


def test_blocked_and_free_pixels_are_told_apart(whole):
    images = np.random.default_rng(1).integers(0, 256, (1, 97, 131, 3), dtype=np.uint8)
    assert 0.05 < (answers(whole[0], images, (97, 131))['coarse'] > 0.5).mean() < 0.95
    model = copy.deepcopy(whole[0])
    model.decode_head.mask_threshold = 0
    with pytest.raises(AssertionError):
        assert_same(model, whole[1], [(1, 97, 131)])


def test_padding_of_the_preprocessor_counts_for_nothing(onnx_model):
    """A preprocessor that pads to a multiple of 64, beside the inferencer."""
    cfg, _ = load_config(onnx_model.config, None)
    cfg.model.data_preprocessor.update(test_cfg=dict(size_divisor=64), pad_val=2)
    del cfg.test_dataloader.dataset.pipeline[1]
    image = np.random.default_rng(0).integers(0, 256, (50, 77, 3), dtype=np.uint8)
    (expected,) = ForgeryInferencer(cfg, onnx_model.weights, 'cpu')(image)
    form = ExportForm(build_model(cfg, onnx_model.weights, 'cpu'), describe(cfg, onnx_model.weights))
    with torch.no_grad():
        found = form(torch.from_numpy(image)[None], torch.tensor(image.shape[:2]))
    assert float(found['score']) == pytest.approx(expected.score, abs=1e-5)
    np.testing.assert_allclose(found['probability'][0], expected.probability, atol=1e-3)
    np.testing.assert_allclose(found['coarse'][0], expected.coarse, atol=1e-3)
