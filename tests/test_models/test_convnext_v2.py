"""ConvNeXtV2 against mmpretrain's own ConvNeXt: the same parameters, features and gradients."""

import pytest
import torch
from mmpretrain.models.backbones import ConvNeXt
from mmpretrain.models.utils.norm import GRN

from monfap_mm.models.backbones import ConvNeXtV2
from monfap_mm.models.backbones.convnext_v2 import ReassociatedGRN

ARCH = dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32])
V2 = dict(use_grn=True, layer_scale_init_value=0.0, gap_before_final_norm=False, out_indices=(0, 1, 2, 3))


def randomized(module):
    torch.manual_seed(1)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module.double()


@pytest.mark.parametrize('options', [{}, dict(linear_pw_conv=False), dict(use_grn=False), dict(with_cp=True)])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_features_and_gradients_are_those_of_mmpretrain(options, memory_format):
    ours, theirs = (randomized(cls(ARCH, **(V2 | options))) for cls in (ConvNeXtV2, ConvNeXt))
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64).contiguous(memory_format=memory_format).requires_grad_()
    results = []
    for backbone in (ours, theirs):
        feats = backbone(images)
        torch.manual_seed(2)
        total = sum((feat * torch.randn(feat.shape, dtype=feat.dtype)).sum() for feat in feats)
        images.grad = None
        total.backward()
        results.append((feats, [leaf.grad for leaf in (images, *backbone.parameters())]))
    torch.testing.assert_close(results[0], results[1], atol=1e-9, rtol=1e-9)


def test_features_stay_channels_last():
    backbone = ConvNeXtV2(ARCH)
    feats = backbone(torch.randn(2, 3, 64, 64).contiguous(memory_format=torch.channels_last))
    assert all(feat.is_contiguous(memory_format=torch.channels_last) for feat in feats)


def test_defaults_are_those_of_version_two():
    backbone = ConvNeXtV2()
    assert len(backbone(torch.randn(1, 3, 64, 64))) == 4
    block = backbone.stages[0][0]
    assert isinstance(block.grn, ReassociatedGRN)
    assert block.gamma is None


@pytest.mark.parametrize('data_format', ['channel_first', 'channel_last'])
def test_grn_of_zeros_has_no_nan(data_format):
    module = randomized(ReassociatedGRN(4))
    x = torch.zeros(1, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    module(x, data_format).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_grn_in_half_precision_does_not_overflow():
    ours, theirs = ReassociatedGRN(4), GRN(4)
    for module in (ours, theirs):
        torch.nn.init.constant_(module.gamma, 0.5)
    x = 200 * torch.randn(1, 32, 32, 4)  # the sum of squares is beyond fp16
    expected = theirs(x, 'channel_last')
    y = ours.half()(x.half(), 'channel_last')
    torch.testing.assert_close(y.float(), expected, atol=1, rtol=1e-2)
