import pytest
import torch

from monfap_mm.models.layers import noise_extractors
from monfap_mm.models.layers.noise_extractors import BayarConv, CDConv, FixedConv, HFConv, SRMConv
from monfap_mm.models.ops import fold
from tests import plain


def test_cd_conv_equals_its_definition():
    torch.manual_seed(0)
    module, x = CDConv(4).double(), torch.randn(2, 4, 9, 7, dtype=torch.float64)
    torch.testing.assert_close(module(x), plain.cd_conv(module, x), atol=1e-12, rtol=0)


def test_cd_conv_with_theta_one_ignores_a_constant():
    module = CDConv(3, theta=1.0)
    torch.testing.assert_close(module(torch.ones(1, 3, 8, 8))[..., 1:-1, 1:-1], torch.zeros(1, 3, 6, 6))


def test_bayar_conv_equals_its_definition():
    torch.manual_seed(0)
    module, x = BayarConv(3).double(), torch.randn(2, 3, 9, 7, dtype=torch.float64)
    y, expected = module(x), plain.bayar_conv(module, x)
    torch.testing.assert_close(y, expected, atol=1e-12, rtol=0)
    weight = torch.randn_like(y)
    gradients = (torch.autograd.grad((z * weight).sum(), module.weight)[0] for z in (y, expected))
    torch.testing.assert_close(*gradients, atol=1e-10, rtol=1e-10)


def test_bayar_constraint_has_its_gradient_also_where_the_sum_is_held():
    torch.manual_seed(0)
    weight = torch.rand(2, 3, 24, dtype=torch.float64)
    weight[0, 0] -= weight[0, 0].mean() - 1e-5
    assert torch.autograd.gradcheck(noise_extractors._Constrain.apply, weight.requires_grad_())


def constrained(weight):
    """The constraint by autograd alone: the oracle of its derivatives."""
    total = weight.sum(dim=-1, keepdim=True)
    total = torch.where(total.abs() < 1e-2, torch.full_like(total, 1e-2).copysign(total), total)
    before, after = (weight / total).split(12, dim=-1)
    return torch.cat([before, -torch.ones_like(total), after], dim=-1)


def test_bayar_constraint_has_its_second_derivative_also_where_the_sum_is_held():
    torch.manual_seed(0)
    weight = torch.rand(2, 2, 24, dtype=torch.float64)
    weight[0, 0] -= weight[0, 0].mean() - 1e-5
    weight[1, 0] *= -1
    weight.requires_grad_()
    factor, results = torch.randn(2, 2, 25, dtype=torch.float64), []
    for constraint in (noise_extractors._Constrain.apply, constrained):
        loss = (constraint(weight).square() * factor).sum()
        (first,) = torch.autograd.grad(loss, weight, create_graph=True)
        results.append((first, *torch.autograd.grad(first.square().sum(), weight)))
    torch.testing.assert_close(*results, atol=1e-9, rtol=1e-9)
    assert torch.autograd.gradgradcheck(noise_extractors._Constrain.apply, weight)


def test_bayar_kernel_keeps_its_constraint():
    kernel = BayarConv(3).kernel()
    torch.testing.assert_close(kernel[..., 2, 2], -torch.ones(3, 3))
    torch.testing.assert_close(kernel.sum(dim=(2, 3)), torch.zeros(3, 3), atol=1e-5, rtol=0)


@pytest.mark.parametrize('value', [0.0, 1e-9, -1e-9])
def test_bayar_normalisation_has_no_nan(value):
    module = BayarConv(2)
    torch.nn.init.constant_(module.weight, value / 24)
    y = module(torch.randn(1, 2, 6, 6))
    y.sum().backward()
    assert torch.isfinite(y).all()
    assert torch.isfinite(module.weight.grad).all()


def test_bayar_forward_leaves_its_weights_alone():
    module = BayarConv(2)
    before = module.weight.detach().clone()
    module(torch.randn(1, 2, 6, 6))
    torch.testing.assert_close(module.weight, before, atol=0, rtol=0)


@pytest.mark.parametrize('extractor', [SRMConv, HFConv])
def test_initial_filters_see_no_constant(extractor):
    """They are residual filters: each sums to zero."""
    torch.testing.assert_close(extractor(2).filters.sum(dim=(3, 4)), torch.zeros(3, 2, 1), atol=1e-6, rtol=0)


def test_hf_filters_are_the_three_differences():
    image = torch.arange(25.0).view(1, 1, 5, 5)  # 1 to the right, 5 down
    module = HFConv(1)
    residuals = torch.nn.functional.conv2d(image, module.filters[:, 0])
    torch.testing.assert_close(residuals[0, :, 1, 1], torch.tensor([5.0, 1.0, 6.0]))


def test_srm_filters_are_the_known_residuals():
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[0, 0, 2, 2] = 1
    module = SRMConv(1)
    residuals = torch.nn.functional.conv2d(impulse, module.filters[:, 0])
    torch.testing.assert_close(residuals.flatten(), torch.tensor([-1.0, -1.0, -1.0]))  # -4/4, -12/12, -2/2


def test_srm_residuals_are_clipped():
    module = SRMConv(1).eval()
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1e6
    torch.nn.init.constant_(module.project.conv.weight, -1.0)
    bn = 1 / (1 + module.project.bn.eps) ** 0.5
    assert module(image)[0, 0, 2, 2].item() == pytest.approx(9.0 * bn)  # three residuals of -3


def randomized(module):
    """In double precision, with filters and norm that do something."""
    torch.nn.init.normal_(module.filters)
    torch.nn.init.uniform_(module.project.norm.weight, 0.5, 1.5)
    torch.nn.init.normal_(module.project.norm.bias)
    return module.double().eval()


@pytest.mark.parametrize('extractor', [SRMConv, HFConv])
def test_depthwise_noise_equals_its_definition_with_all_gradients(extractor):
    torch.manual_seed(0)
    module = randomized(extractor(3))
    x = 3 * torch.randn(2, 3, 9, 7, dtype=torch.float64, requires_grad=True)
    y, expected = module(x), plain.depthwise_noise(module, x)
    torch.testing.assert_close(y, expected, atol=1e-12, rtol=0)
    weight = torch.randn_like(y)
    inputs = [x, module.filters, module.project.conv.weight]
    gradients, expected = (torch.autograd.grad((z * weight).sum(), inputs) for z in (y, expected))
    torch.testing.assert_close(gradients, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('norm_cfg', [None, dict(type='GN', num_groups=2)], ids=['BN', 'GN'])
@pytest.mark.parametrize('extractor', [SRMConv, HFConv])
def test_inference_form_has_the_same_result(extractor, norm_cfg):
    torch.manual_seed(0)
    module = randomized(extractor(4, norm_cfg=norm_cfg))
    x = 3 * torch.randn(2, 4, 9, 7, dtype=torch.float64)
    expected = module(x).detach()
    fold(torch.nn.Sequential(module), lambda: module(x))
    torch.testing.assert_close(module(x), expected, atol=1e-9, rtol=1e-9)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in module.modules())


def test_fixed_conv_convolves_with_its_kernel():
    torch.manual_seed(0)
    module, x = BayarConv(3).double(), torch.randn(2, 3, 9, 7, dtype=torch.float64)
    fixed = module.inference_form()
    assert isinstance(fixed, FixedConv)
    assert fixed.inference_form() is fixed
    torch.testing.assert_close(fixed(x), module(x), atol=1e-12, rtol=0)
    assert [name for name, _ in fixed.named_buffers()] == ['weight']
    assert not list(fixed.parameters())
