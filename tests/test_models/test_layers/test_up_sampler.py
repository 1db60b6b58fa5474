import copy

import pytest
import torch

from monfap_mm.models.layers import UpSampler
from tests import plain


@pytest.mark.parametrize('new_size', [(8, 6), (7, 5), (4, 3), (3, 11)])
def test_equals_the_order_of_the_authors_with_all_gradients(new_size):
    torch.manual_seed(0)
    module = UpSampler(8, 4).double()
    oracle = copy.deepcopy(module)
    x = torch.randn(2, 12, 8, dtype=torch.float64, requires_grad=True)
    x_oracle = x.detach().clone().requires_grad_()
    y, expected = module(x, (4, 3), new_size), plain.up_sampler(oracle, x_oracle, (4, 3), new_size)
    torch.testing.assert_close(y, expected, atol=1e-10, rtol=1e-10)
    y.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(x.grad, x_oracle.grad, atol=1e-9, rtol=1e-9)
    for a, b in zip(module.parameters(), oracle.parameters()):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-9, rtol=1e-9)
