import copy

import pytest
import torch
from torch import nn

from monfap_mm.models.layers import MoNE
from monfap_mm.models.layers.noise_extractors import BayarConv, CDConv
from monfap_mm.models.ops import fold
from tests import plain

CHANNELS = 4
# The larger map takes one convolution a sample, the smaller one a convolution a kernel.
SIZES = [(24, 20), (3, 2)]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('experts', [('cd', 'bayar', 'srm', 'hf'), ('hf', 'cd'), ('bayar',), ('srm',)])
@pytest.mark.parametrize('num_shared', [0, 1, 3])
def test_equals_eq_10_with_all_gradients(size, experts, num_shared):
    torch.manual_seed(0)
    module = MoNE(CHANNELS, experts, top_k=len(experts), num_shared_experts=num_shared).double().eval()
    oracle = copy.deepcopy(module)
    x = torch.randn(3, CHANNELS, *size, dtype=torch.float64, requires_grad=True)
    x_oracle = x.detach().clone().requires_grad_()

    y, gates = module(x)
    expected = plain.mone(oracle, x_oracle, oracle.gate(x_oracle))
    torch.testing.assert_close(gates, oracle.gate(x_oracle), atol=1e-12, rtol=0)
    torch.testing.assert_close(y, expected, atol=1e-10, rtol=1e-10)

    weight = torch.randn_like(y)
    (y * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(x.grad, x_oracle.grad, atol=1e-10, rtol=1e-10)
    for (name, a), b in zip(module.named_parameters(), oracle.parameters()):
        if name == 'gate.noise.weight':  # plays no part in eval mode
            continue
        torch.testing.assert_close(a.grad, b.grad, atol=1e-9, rtol=1e-9, msg=name)


@pytest.mark.parametrize('batch', [1, 2])
def test_wide_levels_equal_eq_10(batch):
    """As wide as the levels of a ResNet, as one kernel a sample and as a sum."""
    torch.manual_seed(0)
    for size in ((48, 48), (33, 32)):
        module = MoNE(128).double().eval()
        x = torch.randn(batch, 128, *size, dtype=torch.float64)
        y, gates = module(x)
        torch.testing.assert_close(y, plain.mone(module, x, gates), atol=1e-9, rtol=1e-9)


def test_with_cp_has_the_same_gradients_and_statistics():
    torch.manual_seed(0)
    module, x = MoNE(CHANNELS).double(), torch.randn(2, CHANNELS, 8, 8, dtype=torch.float64)
    twin = MoNE(CHANNELS, with_cp=True).double()
    twin.load_state_dict(module.state_dict())
    for one in (module, twin):
        torch.manual_seed(1)  # the noise of the gate
        one(x)[0].square().sum().backward()
    for (name, a), b in zip(module.named_parameters(), twin.parameters()):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-12, rtol=1e-12, msg=name)
    # Batch norm is not part of what is computed twice.
    torch.testing.assert_close(dict(module.named_buffers()), dict(twin.named_buffers()), atol=0, rtol=0)


def test_all_experts_are_kept_unless_top_k_says_otherwise():
    """Also with fewer than the paper's four."""
    x = torch.randn(3, CHANNELS, 8, 8)
    for experts in (('cd', 'hf'), ('bayar',), ('cd', 'bayar', 'srm', 'hf')):
        _, gates = MoNE(CHANNELS, experts).eval()(x)
        assert (gates > 0).all()
        assert gates.shape == (3, len(experts))
    _, gates = MoNE(CHANNELS, ('cd', 'hf'), top_k=1).eval()(x)
    assert torch.equal((gates > 0).sum(dim=1), torch.ones(3, dtype=torch.long))


@pytest.mark.parametrize('experts', [('hf', 'srm', 'bayar', 'cd'), ('bayar', 'hf', 'cd'), ('srm', 'bayar')])
@pytest.mark.parametrize('top_k', [1, 2])
@pytest.mark.parametrize('fusion', ['mone', 'moe'])
def test_any_order_of_experts_with_some_dropped(experts, top_k, fusion):
    """Each gate value weighs the expert of its place, and a dropped one is not there."""
    torch.manual_seed(0)
    module = MoNE(CHANNELS, experts, top_k=top_k, fusion=fusion).double().eval()
    x = torch.randn(3, CHANNELS, 12, 10, dtype=torch.float64)
    y, gates = module(x)
    assert ((gates > 0).sum(dim=1) == top_k).all()
    torch.testing.assert_close(y, plain.mone(module, x, gates), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('fusion', ['add', 'cat'])
def test_fusions_without_gate_of_experts_in_another_order(fusion):
    torch.manual_seed(0)
    module, x = MoNE(CHANNELS, ('hf', 'bayar'), fusion=fusion).eval(), torch.randn(2, CHANNELS, 8, 8)
    hf, bayar = module.experts['hf'](x), module.experts['bayar'](x)
    expected = hf + bayar if fusion == 'add' else module.merge(torch.cat([hf, bayar], dim=1))
    torch.testing.assert_close(module(x)[0], expected, atol=1e-5, rtol=1e-5)


def test_one_shared_expert_is_the_default_of_mone_only():
    assert len(MoNE(CHANNELS).shared_experts) == 1
    for fusion in ('moe', 'add', 'cat'):
        assert len(MoNE(CHANNELS, fusion=fusion).shared_experts) == 0


def test_moe_is_mone_without_shared_expert():
    torch.manual_seed(0)
    module, x = MoNE(CHANNELS, fusion='moe').eval(), torch.randn(2, CHANNELS, 8, 8)
    y, gates = module(x)
    torch.testing.assert_close(y, plain.mone(module, x, gates), atol=1e-5, rtol=1e-5)


def test_add_is_the_plain_sum():
    torch.manual_seed(0)
    module, x = MoNE(CHANNELS, fusion='add').eval(), torch.randn(2, CHANNELS, 8, 8)
    y, gates = module(x)
    assert gates is None
    torch.testing.assert_close(y, plain.mone(module, x, torch.ones(2, 4)), atol=1e-5, rtol=1e-5)


def test_cat_merges_the_concatenation():
    torch.manual_seed(0)
    module, x = MoNE(CHANNELS, fusion='cat').eval(), torch.randn(2, CHANNELS, 8, 8)
    y, gates = module(x)
    assert gates is None
    expected = module.merge(torch.cat([expert(x) for expert in module.experts.values()], dim=1))
    torch.testing.assert_close(y, expected)
    assert module.merge.conv.weight.shape == (CHANNELS, 4 * CHANNELS, 1, 1)


@pytest.mark.parametrize(
    ('switch', 'message'),
    [
        (dict(experts=('cd', 'dct')), "'srm', 'hf'.*but got"),
        (dict(experts=()), 'one to four'),
        (dict(experts=('cd', 'cd')), 'each once'),
        (dict(fusion='mean'), 'fusion must be one of'),
        (dict(top_k=5), 'number of experts .4., but got 5'),
        (dict(fusion='add', top_k=5), 'number of experts .4., but got 5'),
        (dict(num_shared_experts=4), '0 to 3, but got 4'),
        (dict(num_shared_experts=-1), '0 to 3, but got -1'),
        (dict(fusion='cat', num_shared_experts=1), 'no shared expert'),
    ],
)
def test_bad_switches(switch, message):
    with pytest.raises(ValueError, match=message):
        MoNE(CHANNELS, **switch)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('num_shared', [0, 1, 3])
def test_inference_form_is_eq_10(size, num_shared):
    torch.manual_seed(0)
    module = MoNE(CHANNELS, num_shared_experts=num_shared).double().eval()
    x = torch.randn(3, CHANNELS, *size, dtype=torch.float64)
    expected = plain.mone(module, x, module.gate(x))
    for _ in range(2):  # the second time changes nothing
        fold(nn.Sequential(module), lambda: module(x))
        torch.testing.assert_close(module(x)[0], expected, atol=1e-10, rtol=1e-10)
    assert len(module.shared_experts) == min(num_shared, 1)
    assert all(conv.bias is None for conv in module.shared_experts)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in module.modules())


def test_inference_form_computes_no_kernel_again(monkeypatch):
    module = MoNE(CHANNELS).eval()
    fold(nn.Sequential(module), lambda: module(torch.randn(1, CHANNELS, 8, 8)))
    for extractor in (BayarConv, CDConv):
        monkeypatch.setattr(extractor, 'kernel', None)
    module(torch.randn(1, CHANNELS, 8, 8))
