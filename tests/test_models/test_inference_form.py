"""``MoNFAP.to_inference()``: the same logits on every backbone, one way, and what it leaves of the state dict."""

import copy
from types import SimpleNamespace

import mmengine.runner.checkpoint
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS

from monfap_mm.engine.hooks import InferenceFormHook
from monfap_mm.model_files.loading import build_model
from tests.samples import ATTO_CHANNELS, build, make_samples, monfap_cfg

from .test_backbones import BACKBONES, WIDE

BATCH_NORMS = torch.nn.modules.batchnorm._BatchNorm


def trained(cfg: dict) -> torch.nn.Module:
    """A model in double precision whose batch norms do something, as after a training."""
    model = build(cfg).double().eval()
    for module in model.modules():
        if isinstance(module, BATCH_NORMS):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    return model


def slim_cfg(name: str, **kwargs) -> dict:
    backbone, channels, head = BACKBONES[name]
    cfg = monfap_cfg(backbone, channels, head=head, **kwargs)
    if name.startswith('ResNet'):
        cfg['projection'] = dict(type='ChannelProjection', in_channels=WIDE, out_channels=channels)
    return cfg


def images(size=(64, 64), dtype=torch.float64):
    torch.manual_seed(1)
    return torch.randn(2, 3, *size, dtype=dtype)


def outputs(model, inputs):
    with torch.no_grad():
        return model.forward_all(inputs)[:3]


def assert_same(folded, expected, tolerance):
    for a, b in zip(folded, expected):
        torch.testing.assert_close(a, b, atol=tolerance * b.abs().max().clamp(min=1).item(), rtol=0)


@pytest.fixture(scope='module')
def pair():
    """A model and its folded copy."""
    model = trained(monfap_cfg())
    return model, copy.deepcopy(model).to_inference()


@pytest.mark.parametrize('name', BACKBONES)
def test_same_logits_on(name):
    model = trained(slim_cfg(name))
    expected = outputs(model, images())
    assert_same(outputs(model.to_inference(), images()), expected, 1e-10)
    left = [name for name, module in model.named_modules() if isinstance(module, BATCH_NORMS)]
    assert not left


TIMM = dict(
    type='TIMMBackbone',
    model_name='tf_efficientnet_lite0',
    features_only=True,
    pretrained=False,
    out_indices=(1, 2, 3, 4),
)
TIMM_CHANNELS = [24, 40, 112, 320]


def test_batch_norms_of_timm_keep_their_activation():
    """BatchNormAct2d is a subclass of BatchNorm2d that holds one."""
    model = trained(monfap_cfg(TIMM, TIMM_CHANNELS))
    own = [type(module).__name__ for module in model.backbone.modules() if isinstance(module, BATCH_NORMS)]
    assert set(own) == {'BatchNormAct2d'}
    expected = outputs(model, images())
    assert_same(outputs(model.to_inference(), images()), expected, 1e-10)
    assert not any(isinstance(module, BATCH_NORMS) for module in model.decode_head.modules())


@pytest.mark.parametrize('way', ['tools/test.py', 'inferencer'])
def test_timm_through_what_ships(way, tmp_path):
    """The hook that tools/test.py adds, and what the inferencer answers with."""
    cfg = monfap_cfg(TIMM, TIMM_CHANNELS)
    model = trained(cfg).float()
    inputs = images(dtype=torch.float32)
    expected = outputs(model, inputs)
    if way == 'inferencer':
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
        shipped = build_model(Config(dict(model=cfg)), str(tmp_path / 'weights.pth'), 'cpu')
    else:
        runner = SimpleNamespace(model=model)
        InferenceFormHook().before_test_epoch(runner)
        shipped = runner.model
    assert shipped is not model
    assert shipped.is_inference_form
    assert_same(outputs(shipped, inputs), expected, 1e-5)


@pytest.mark.parametrize('name', ['ConvNeXtV2-atto', 'ResNet-50 slim'])
def test_same_logits_in_single_precision(name):
    model = trained(slim_cfg(name)).float()
    inputs = images(dtype=torch.float32)
    expected = outputs(model, inputs)
    assert_same(outputs(model.to_inference(), inputs), expected, 1e-5)


@pytest.mark.parametrize(
    'neck',
    [dict(experts=('hf', 'cd'), top_k=1), dict(num_shared_experts=3), dict(fusion='cat'), dict(fusion='add'), None],
)
def test_same_logits_under_the_switches_of_the_neck(neck):
    cfg = monfap_cfg()
    cfg['neck'] = neck and {**cfg['neck'], **neck}
    model = trained(cfg)
    expected = outputs(model, images())
    assert_same(outputs(model.to_inference(), images()), expected, 1e-10)


def test_same_logits_at_any_size_one_after_the_other(pair):
    model, folded = pair
    for size in ((96, 64), (70, 50), (96, 64)):
        assert_same(outputs(folded, images(size)), outputs(model, images(size)), 1e-10)


def test_predictions_are_the_same(pair):
    samples = [model.predict(images(), make_samples((64, 64))) for model in pair]
    for a, b in zip(*samples):
        torch.testing.assert_close(a.seg_logits.data, b.seg_logits.data, atol=1e-9, rtol=0)
        torch.testing.assert_close(a.pred_label.score, b.pred_label.score, atol=1e-10, rtol=0)
        assert torch.equal(a.pred_sem_seg.data, b.pred_sem_seg.data)


def test_half_precision_is_near(pair):
    folded = copy.deepcopy(pair[1]).float()
    expected = outputs(folded, images(dtype=torch.float32))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half = outputs(folded, images(dtype=torch.float32))
    for a, b in zip(half, expected):
        assert torch.nn.functional.cosine_similarity(a.float().flatten(), b.flatten(), dim=0) > 0.99


def test_a_second_call_changes_nothing(pair):
    folded = copy.deepcopy(pair[1])
    before = {key: value.clone() for key, value in folded.state_dict().items()}
    assert folded.to_inference() is folded
    assert before.keys() == folded.state_dict().keys()
    assert all(torch.equal(before[key], value) for key, value in folded.state_dict().items())


def test_it_is_in_eval_mode_without_gradients(pair):
    assert not any(module.training for module in pair[1].modules())
    assert not any(parameter.requires_grad for parameter in pair[1].parameters())


def test_it_cannot_be_trained(pair):
    with pytest.raises(RuntimeError, match='inference form cannot be trained'):
        pair[1].train()
    assert pair[1].eval() is pair[1]


@pytest.mark.parametrize('load', [torch.nn.Module.load_state_dict, mmengine.runner.checkpoint.load_state_dict])
def test_it_loads_no_weights(pair, load):
    model, folded = pair
    with pytest.raises(RuntimeError, match='load them before to_inference'):
        load(folded, model.state_dict())


def test_state_dict_has_kernels_and_no_running_statistics(pair):
    model, folded = pair
    keys = folded.state_dict().keys()
    assert not any('running_mean' in key for key in keys)
    assert 'neck.levels.0.experts.bayar.weight' in keys
    kernel = folded.state_dict()['neck.levels.0.experts.bayar.weight']
    torch.testing.assert_close(kernel, model.neck.levels[0].experts['bayar'].kernel(), atol=0, rtol=0)


def test_a_neck_of_others_is_left_as_it_is():
    cfg = monfap_cfg()
    cfg['neck'] = dict(type='ChannelProjection', in_channels=ATTO_CHANNELS, out_channels=ATTO_CHANNELS)
    model = MODELS.build(ConfigDict(cfg)).double().eval()
    expected = outputs(model, images())
    assert_same(outputs(model.to_inference(), images()), expected, 1e-10)


def test_slide_inference(pair):
    test_cfg = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    results = []
    for model in pair:
        model.test_cfg = test_cfg
        results.append(model.inference(images((96, 80)), []))
        model.test_cfg = dict(mode='whole')
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)
