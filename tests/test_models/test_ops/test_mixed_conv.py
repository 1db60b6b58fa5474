import pytest
import torch
import torch.nn.functional as F

from monfap_mm.models.ops import mixed_conv2d
from monfap_mm.models.ops.mixed_conv import mix_kernels

# The larger map takes one convolution a sample, the smaller one a convolution a kernel.
SIZES = [(24, 20), (3, 2)]


@pytest.mark.parametrize('size', SIZES)
def test_mixed_conv2d_equals_the_sum(size):
    torch.manual_seed(0)
    x, weights = torch.randn(3, 4, *size), torch.rand(3, 3)
    kernels = [torch.randn(6, 4, k, k) for k in (1, 3, 5)]
    expected = sum(
        F.conv2d(x, kernel, padding=kernel.shape[-1] // 2) * weight.view(-1, 1, 1, 1)
        for kernel, weight in zip(kernels, weights.T)
    )
    torch.testing.assert_close(mixed_conv2d(x, kernels, weights), expected, atol=1e-4, rtol=1e-4)


def test_mix_kernels_puts_small_ones_into_the_centre():
    kernels = [torch.full((1, 1, k, k), float(value)) for k, value in ((3, 1), (5, 10), (1, 100))]
    mixed = mix_kernels(kernels, torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]))
    expected = torch.full((2, 1, 1, 5, 5), 10.0)
    expected[0] = 20
    expected[0, ..., 1:4, 1:4] += 1
    expected[0, ..., 2, 2] += 300
    torch.testing.assert_close(mixed, expected)
