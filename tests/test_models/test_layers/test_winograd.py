"""Winograd's convolution against torch's, value and gradients, in every order of its blocks."""

import pytest
import torch
import torch.nn.functional as F

from monfap_mm.models.layers import winograd
from monfap_mm.models.layers.winograd import wide_conv2d, winograd_conv2d


def operands(size, kernel_size, batch=2, channels=(6, 7), dtype=torch.float64):
    torch.manual_seed(0)
    x = torch.randn(batch, channels[0], *size, dtype=dtype, requires_grad=True)
    kernel = torch.randn(channels[1], channels[0], kernel_size, kernel_size, dtype=dtype, requires_grad=True)
    return x, kernel


def assert_is_conv2d(x, kernel):
    y, expected = winograd_conv2d(x, kernel), F.conv2d(x, kernel, padding=kernel.shape[-1] // 2)
    torch.testing.assert_close(y, expected, atol=1e-11, rtol=1e-11)
    weight = torch.randn_like(y)
    gradients, expected = (torch.autograd.grad((z * weight).sum(), (x, kernel)) for z in (y, expected))
    torch.testing.assert_close(gradients, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('kernel_size', [3, 5])
@pytest.mark.parametrize('size', [(8, 12), (13, 10), (1, 3)])
def test_equals_conv2d_with_gradients(size, kernel_size):
    assert_is_conv2d(*operands(size, kernel_size))


@pytest.mark.parametrize('kernel_size', [3, 5])
@pytest.mark.parametrize('block', [1, 800, 3000])
@pytest.mark.parametrize(
    ('channels', 'large_block'),
    [((6, 7), 1), ((40, 50), 1), ((50, 40), 7000), ((40, 50), 2**20)],
    ids=['kernel whole', 'a channel a part', 'parts', 'one part'],
)
def test_blocks_of_any_size_give_the_same(block, large_block, channels, kernel_size, monkeypatch):
    monkeypatch.setattr(winograd, '_BLOCK', block)
    monkeypatch.setattr(winograd, '_LARGE_BLOCK', large_block)
    assert_is_conv2d(*operands((13, 10), kernel_size, batch=3, channels=channels))


def test_channels_last_in_and_out():
    x, kernel = operands((13, 10), 5)
    y = winograd_conv2d(x.contiguous(memory_format=torch.channels_last), kernel)
    torch.testing.assert_close(y, F.conv2d(x, kernel, padding=2), atol=1e-11, rtol=1e-11)
    assert y.stride(1) == 1


@pytest.mark.parametrize('kernel_size', [3, 5])
def test_rounding_is_near_that_of_direct_convolution(kernel_size):
    x, kernel = operands((16, 16), kernel_size, batch=1, channels=(128, 128))
    exact = winograd_conv2d(x, kernel)
    rounded = winograd_conv2d(x.float(), kernel.float())
    assert ((rounded - exact).pow(2).mean() / exact.pow(2).mean()).sqrt() < 6e-6


def test_only_what_needs_a_gradient_gets_one():
    x, kernel = operands((8, 8), 3)
    (gradient,) = torch.autograd.grad(winograd_conv2d(x.detach(), kernel).sum(), kernel)
    (expected,) = torch.autograd.grad(F.conv2d(x.detach(), kernel, padding=1).sum(), kernel)
    torch.testing.assert_close(gradient, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize(
    ('size', 'channels', 'kernel_size', 'dtype', 'pays'),
    [
        ((48, 48), 128, 5, torch.float32, True),
        ((48, 48), 128, 3, torch.float64, True),
        ((48, 48), 128, 1, torch.float32, False),
        ((48, 48), 64, 5, torch.float32, False),
        ((8, 8), 128, 5, torch.float32, False),
        ((48, 48), 128, 5, torch.bfloat16, False),
    ],
)
def test_wide_conv2d_takes_it_where_it_pays(size, channels, kernel_size, dtype, pays, monkeypatch):
    x, kernel = operands(size, kernel_size, batch=1, channels=(channels, channels), dtype=dtype)
    expected = F.conv2d(x, kernel, padding=kernel_size // 2)
    calls = []
    monkeypatch.setattr(winograd, '_convolve', lambda *args: calls.append(args) or expected.detach())
    assert wide_conv2d(x, kernel).shape == expected.shape
    assert bool(calls) == pays


@pytest.mark.parametrize('gradients', [True, False])
@pytest.mark.parametrize('size', [(8, 8), (48, 48)])
def test_wide_conv2d_takes_kernels_that_are_made_by_parts(size, gradients):
    class Made:
        def __init__(self, kernel):
            self.kernel, self.shape, self.dtype = kernel, kernel.shape, kernel.dtype

        def __getitem__(self, outputs):
            return self.kernel[outputs].clone()

    x, kernel = operands(size, 5, batch=1, channels=(128, 130))
    with torch.set_grad_enabled(gradients):
        y = wide_conv2d(x, Made(kernel))
    torch.testing.assert_close(y, F.conv2d(x, kernel, padding=2), atol=1e-10, rtol=1e-10)
    assert y.requires_grad == gradients


def test_wide_conv2d_under_autocast_is_an_ordinary_convolution(monkeypatch):
    monkeypatch.setattr(winograd, '_convolve', None)
    x, kernel = operands((48, 48), 5, batch=1, channels=(128, 128), dtype=torch.float32)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert wide_conv2d(x, kernel).dtype == torch.bfloat16
