import math

import pytest
import torch

from monfap_mm.models.layers import FourierPositionEncoding


def test_equals_the_formula():
    module = FourierPositionEncoding(6)
    code = module(3, 5)
    assert code.shape == (15, 6)
    for row in range(3):
        for column in range(5):
            x, y = 2 * (column + 0.5) / 5 - 1, 2 * (row + 0.5) / 3 - 1
            phase = 2 * math.pi * (torch.tensor([x, y]) @ module.frequencies)
            expected = torch.cat([phase.sin(), phase.cos()])
            torch.testing.assert_close(code[row * 5 + column], expected, atol=1e-5, rtol=0)


def test_frequencies_are_saved_but_not_trained():
    module = FourierPositionEncoding(6)
    assert not list(module.parameters())
    assert list(module.state_dict()) == ['frequencies']


def test_odd_width():
    with pytest.raises(ValueError, match='even number of channels, but got 5'):
        FourierPositionEncoding(5)


def test_inference_form_gives_the_last_code_again_and_new_sizes_their_own():
    module = FourierPositionEncoding(6)
    expected = {size: module(*size) for size in ((3, 5), (5, 3))}
    module = module.inference_form()
    first = module(3, 5)
    assert module(3, 5) is first
    for size in ((5, 3), (3, 5)):
        torch.testing.assert_close(module(*size), expected[size], atol=0, rtol=0)
    assert module.double()(3, 5).dtype == torch.float64


def test_inference_form_puts_no_constant_into_a_traced_graph():
    class Code(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoding = FourierPositionEncoding(6).inference_form()

        def forward(self, image):
            return self.encoding(*image.shape)

    module = Code()
    expected = module(torch.zeros(4, 7))
    module(torch.zeros(3, 5))
    traced = torch.jit.trace(module, torch.zeros(3, 5), check_trace=False)
    torch.testing.assert_close(traced(torch.zeros(4, 7)), expected)
