import torch
import torch.nn.functional as F

from monfap_mm.models.layers import CoarseLocalizer


def test_equals_its_definition_at_the_size_of_the_features():
    """(3x3 conv, BN, ReLU) twice and a 1x1 conv with bias, padded with zeros."""
    torch.manual_seed(0)
    module, x = CoarseLocalizer(6, channels=5).double().eval(), torch.randn(2, 6, 4, 7, dtype=torch.float64)
    expected = x
    for block in (module[0], module[1]):
        bn = block.bn
        torch.nn.init.normal_(bn.bias)
        bn.running_mean.normal_()
        expected = F.conv2d(expected, block.conv.weight, padding=1)
        expected = (expected - bn.running_mean[:, None, None]) / (1 + bn.eps) ** 0.5 + bn.bias[:, None, None]
        expected = expected.relu()
    expected = torch.einsum('oc,bchw->bohw', module[2].weight[..., 0, 0], expected) + module[2].bias[:, None, None]
    torch.testing.assert_close(module(x), expected, atol=1e-12, rtol=1e-12)
    assert expected.shape == (2, 2, 4, 7)


def test_the_hidden_width_is_512():
    assert [block.conv.out_channels for block in list(CoarseLocalizer(6))[:2]] == [512, 512]
