import torch

from monfap_mm.models.layers import ForgeryAwareTransformer
from tests import plain


def plain_fat(module, tokens, pixels, code, blocked):
    """The stage written out with plain attention."""
    t0 = tokens
    first, second = module.blocks
    t, p = tokens, pixels
    for block in (first, second):
        if block is first:
            t = block.norm1(plain.attention(block.self_attn, t, t, t))
        else:
            t = block.norm1(t + plain.attention(block.self_attn, t + t0, t + t0, t))
        t = block.norm2(t + plain.attention(block.token_to_image, t + t0, p + code, p, blocked))
        t = block.norm3(t + block.mlp(t))
        p = block.norm4(p + plain.attention(block.image_to_token, p + code, t + t0, t))
    t = module.final_norm(t + plain.attention(module.final_attn, t + t0, p + code, p, blocked))
    return t, p


def test_stage_equals_its_plain_form():
    torch.manual_seed(0)
    module = ForgeryAwareTransformer(16, num_heads=4, mlp_channels=32).double()
    tokens, pixels = torch.randn(2, 2, 16, dtype=torch.float64), torch.randn(2, 30, 16, dtype=torch.float64)
    code, blocked = torch.randn(30, 16, dtype=torch.float64), torch.rand(2, 2, 30) < 0.5
    ours, theirs = module(tokens, pixels, code, blocked), plain_fat(module, tokens, pixels, code, blocked)
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


def test_defaults_are_those_of_the_coarsest_stage():
    module = ForgeryAwareTransformer(16)
    assert [block.mlp[0].out_features for block in module.blocks] == [2048, 2048]
    assert {attention.num_heads for attention in (module.final_attn, module.blocks[0].self_attn)} == {8}


def test_every_parameter_gets_a_gradient():
    """DDP waits for gradients that never come."""
    module = ForgeryAwareTransformer(16, num_heads=4, mlp_channels=32)
    tokens, pixels = module(torch.randn(2, 2, 16), torch.randn(2, 30, 16), torch.randn(30, 16))
    (tokens.sum() + pixels.sum()).backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
