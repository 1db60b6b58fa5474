import numpy as np
import pytest
import torch

from monfap_mm.models.losses import importance_loss


def test_equals_the_squared_coefficient_of_variation():
    gates = torch.rand(6, 4).softmax(dim=1)
    importance = gates.numpy().sum(axis=0)
    expected = 0.1 * (np.std(importance, ddof=1) / np.mean(importance)) ** 2
    assert importance_loss(gates).item() == pytest.approx(expected, rel=1e-4)


def test_known_numbers():
    """Sums 3 and 1: variance 2, mean 2, so 0.1 * 2 / 4, whichever expert it is."""
    gates = torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.9, 0.1]])
    assert importance_loss(gates).item() == pytest.approx(0.05, rel=1e-6)
    assert importance_loss(gates.flip(1)).item() == pytest.approx(0.05, rel=1e-6)
    assert importance_loss(gates, 2.0).item() == pytest.approx(1.0, rel=1e-6)


def test_even_use_costs_nothing():
    assert importance_loss(torch.full((3, 4), 0.25)).item() == 0


def test_one_expert_has_nothing_to_balance():
    assert importance_loss(torch.ones(3, 1)).item() == 0


def test_half_gates_are_summed_in_fp32():
    loss = importance_loss(torch.rand(6, 4).softmax(dim=1).half())
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
