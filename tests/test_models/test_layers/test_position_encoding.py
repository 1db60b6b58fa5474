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
