import pytest
import torch

from monfap_mm.deployment.same_padding import EndAlignedConv, is_same_conv

Conv2dSame = pytest.importorskip('timm.layers').Conv2dSame


@pytest.mark.parametrize('kernel', [3, 5, 7])
@pytest.mark.parametrize('size', [(8, 8), (9, 8), (8, 9), (7, 13)])
def test_as_timm(kernel, size):
    torch.manual_seed(0)
    conv = Conv2dSame(6, 6, kernel, stride=2, groups=3).double()
    image = torch.randn(2, 6, *size, dtype=torch.double)
    expected = conv(image)
    torch.testing.assert_close(EndAlignedConv(conv)(image), expected)
    assert expected.shape[2:] == (-(-size[0] // 2), -(-size[1] // 2))


def test_only_where_it_holds():
    assert is_same_conv(Conv2dSame(1, 1, 3, stride=2))
    assert not is_same_conv(torch.nn.Conv2d(1, 1, 3, stride=2))
    assert not is_same_conv(Conv2dSame(1, 1, 3, stride=3))
    assert not is_same_conv(Conv2dSame(1, 1, 4, stride=2))
    assert not is_same_conv(Conv2dSame(1, 1, 3, stride=2, dilation=2))
