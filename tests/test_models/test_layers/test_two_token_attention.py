import copy

import pytest
import torch

from monfap_mm.models.layers.two_token_attention import (
    ImageToTokenAttention,
    TokenSelfAttention,
    TokenToImageAttention,
)
from tests import plain

B, N, C, HEADS = 3, 35, 16, 4
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def masks():
    generator = torch.Generator().manual_seed(1)
    one_token = torch.zeros(B, 2, N, dtype=torch.bool)
    one_token[:, 1] = True
    return {
        'no mask': None,
        'nothing': torch.zeros(B, 2, N, dtype=torch.bool),
        'everything': torch.ones(B, 2, N, dtype=torch.bool),
        'one token': one_token,
        'random': torch.rand(B, 2, N, generator=generator) < 0.5,
    }


def assert_same(module, inputs, blocked, dtype):
    """Output and the gradients of all inputs and parameters agree with the plain form."""
    module = module.to(dtype)
    oracle = copy.deepcopy(module)
    ours = [x.detach().clone().requires_grad_() for x in inputs]
    theirs = [x.detach().clone().requires_grad_() for x in inputs]
    args = () if blocked is None else (blocked,)
    y, expected = module(*ours, *args), plain.attention(oracle, *theirs, *args)
    weight = torch.randn_like(y)
    (y * weight).sum().backward()
    (expected * weight).sum().backward()
    tolerance = dict(atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])
    torch.testing.assert_close(y, expected, **tolerance)
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a.grad, b.grad, **tolerance)
    for (name, a), b in zip(module.named_parameters(), oracle.parameters()):
        # The sum over pixels collects more rounding than one output does.
        torch.testing.assert_close(a.grad, b.grad, atol=10 * TOLERANCE[dtype], rtol=TOLERANCE[dtype], msg=name)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('mask', masks())
def test_token_to_image_equals_plain_attention(mask, dtype):
    torch.manual_seed(0)
    inputs = torch.randn(B, 2, C, dtype=dtype), torch.randn(B, N, C, dtype=dtype), torch.randn(B, N, C, dtype=dtype)
    assert_same(TokenToImageAttention(C, HEADS), inputs, masks()[mask], dtype)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_image_to_token_equals_plain_attention(dtype):
    torch.manual_seed(0)
    inputs = torch.randn(B, N, C, dtype=dtype), torch.randn(B, 2, C, dtype=dtype), torch.randn(B, 2, C, dtype=dtype)
    assert_same(ImageToTokenAttention(C, HEADS), inputs, None, dtype)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_token_self_attention_equals_plain_attention(dtype):
    torch.manual_seed(0)
    inputs = [torch.randn(B, 2, C, dtype=dtype) for _ in range(3)]
    assert_same(TokenSelfAttention(C, HEADS), inputs, None, dtype)


def test_blocked_pixels_have_no_influence():
    torch.manual_seed(0)
    module = TokenToImageAttention(C, HEADS)
    tokens, pixels, blocked = torch.randn(B, 2, C), torch.randn(B, N, C), masks()['nothing']
    blocked[:, 0, 5:] = True
    before = module(tokens, pixels, pixels, blocked)
    pixels[:, 5:] = torch.randn(B, N - 5, C)
    after = module(tokens, pixels, pixels, blocked)
    torch.testing.assert_close(after[:, 0], before[:, 0])
    assert (after[:, 1] - before[:, 1]).abs().max() > 1e-3


def test_token_with_nothing_left_attends_evenly():
    torch.manual_seed(0)
    module = TokenToImageAttention(C, HEADS)
    tokens, pixels = torch.randn(B, 2, C), torch.randn(B, N, C)
    y = module(tokens, pixels, pixels, masks()['everything'])
    even = module.out_proj(module.v_proj(pixels.mean(dim=1, keepdim=True))).expand(-1, 2, -1)
    torch.testing.assert_close(y, even)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('mask', masks())
def test_half_precision_stays_finite_and_near(mask, dtype):
    torch.manual_seed(0)
    module = TokenToImageAttention(C, HEADS)
    tokens, pixels = torch.randn(B, 2, C), torch.randn(B, N, C)
    expected = module(tokens, pixels, pixels, masks()[mask])
    with torch.autocast('cpu', dtype=dtype):
        y = module(tokens, pixels, pixels, masks()[mask])
    torch.testing.assert_close(y.float(), expected, atol=0.03, rtol=0.03)


def test_heads_that_do_not_divide_the_width():
    with pytest.raises(ValueError, match='num_heads=5 does not divide the width of 16'):
        TokenToImageAttention(16, 5)
