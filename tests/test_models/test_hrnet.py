"""HRNet that resizes once against mmseg's."""

import pytest
import torch
import torch.nn.functional as F
from mmseg.models import HRNet

from monfap_mm.models.backbones import ResizeOnceHRNet
from monfap_mm.models.backbones.hrnet import ResizeOnceModule

EXTRA = dict(
    stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(8,)),
    stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(4, 8)),
    stage3=dict(num_modules=2, num_branches=3, block='BASIC', num_blocks=(1,) * 3, num_channels=(4, 8, 12)),
    stage4=dict(num_modules=1, num_branches=4, block='BASIC', num_blocks=(1,) * 4, num_channels=(4, 8, 12, 16)),
)


def pair(**kwargs):
    torch.manual_seed(0)
    stock, ours = HRNet(EXTRA), ResizeOnceHRNet(EXTRA, **kwargs)
    for model in (stock, ours):
        model.eval()  # returns None
    ours.load_state_dict(stock.state_dict(), strict=True)
    return stock, ours


@torch.no_grad()
def test_equals_mmseg_at_multiples_of_32_and_not_elsewhere():
    stock, ours = pair()
    for size, same in (((64, 96), True), ((104, 72), False)):
        image = torch.randn(1, 3, *size)
        outputs = list(zip(ours(image), stock(image)))
        assert all(a.shape == b.shape for a, b in outputs)
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in outputs) == same


@torch.no_grad()
def test_stem_strides():
    _, ours = pair(stem_strides=(1, 1))
    assert [feat.shape[2:] for feat in ours(torch.randn(1, 3, 17, 30))] == [(17, 30), (9, 15), (5, 8), (3, 4)]


@pytest.mark.parametrize('align_corners', [False, True])
@torch.no_grad()
def test_a_coarse_branch_is_resized_once(align_corners):
    _, ours = pair(align_corners=align_corners)
    module = ours.stage2[0]
    assert isinstance(module, ResizeOnceModule)
    fine, coarse = torch.randn(1, 4, 7, 9), torch.randn(1, 8, 4, 5)
    a, b = module.branches[0](fine), module.branches[1](coarse)
    conv, norm = module.fuse_layers[0][1][0], module.fuse_layers[0][1][1]
    enlarged = F.interpolate(norm(conv(b)), (7, 9), mode='bilinear', align_corners=align_corners)
    torch.testing.assert_close(module([fine, coarse])[0], (a + enlarged).relu())
