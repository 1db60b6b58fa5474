import pytest
import torch

from monfap_mm.models.layers import NoisyTopKGate


def test_eval_is_the_softmax_of_the_pooled_features():
    torch.manual_seed(0)
    gate, x = NoisyTopKGate(8, 4, 4).eval(), torch.randn(5, 8, 6, 7)
    torch.testing.assert_close(gate(x), gate.fc(x.mean(dim=(2, 3))).softmax(dim=1))


@pytest.mark.parametrize('top_k', [1, 2, 3])
def test_top_k_keeps_the_largest(top_k):
    torch.manual_seed(0)
    gate, x = NoisyTopKGate(8, 4, top_k).eval(), torch.randn(5, 8, 6, 7)
    gates, logits = gate(x), gate.fc(x.mean(dim=(2, 3)))
    for row, logit in zip(gates, logits):
        kept = logit.argsort(descending=True)[:top_k]
        torch.testing.assert_close(row[kept], logit[kept].softmax(dim=0))
        assert (row > 0).sum() == top_k
    torch.testing.assert_close(gates.sum(dim=1), torch.ones(5))


def test_training_adds_noise_of_the_learnt_size():
    torch.manual_seed(0)
    gate, x = NoisyTopKGate(8, 2, 2), torch.randn(1, 8, 4, 4).expand(20000, -1, -1, -1)
    with torch.no_grad():
        log_odds = gate(x).log().diff(dim=1).flatten()
        pooled = x[:1].mean(dim=(2, 3))
        std = torch.nn.functional.softplus(gate.noise(pooled) + 1e-2).norm().item()
        mean = gate.fc(pooled).diff().item()
    assert log_odds.mean().item() == pytest.approx(mean, abs=0.05)
    assert log_odds.std().item() == pytest.approx(std, rel=0.03)


def test_training_is_eq_11_for_given_noise(monkeypatch):
    """Exact beside the statistics above: noise times softplus(F_noise + 0.01), added before the best are chosen."""
    torch.manual_seed(0)
    noise = torch.tensor([[0.5, -2.0, 1.0, 3.0], [-1.0, 0.0, 2.0, -0.5]])
    monkeypatch.setattr(torch, 'randn_like', lambda logits: noise.to(logits))
    gate, x = NoisyTopKGate(8, 4, 2), torch.randn(2, 8, 4, 3)
    pooled = x.mean(dim=(2, 3))
    size = (1 + (pooled @ gate.noise.weight.T + 1e-2).exp()).log()
    logits = pooled @ gate.fc.weight.T + gate.fc.bias + noise * size
    for row, logit in zip(gate(x), logits):
        kept = logit.argsort(descending=True)[:2]
        expected = torch.zeros(4)
        expected[kept] = logit[kept].softmax(dim=0)
        torch.testing.assert_close(row, expected)
    torch.testing.assert_close(
        gate.eval()(x) > 0, (pooled @ gate.fc.weight.T + gate.fc.bias).argsort(1).argsort(1) >= 2
    )


def test_gate_is_fp32_under_autocast():
    torch.manual_seed(0)
    gate, x = NoisyTopKGate(8, 4, 4).eval(), torch.randn(2, 8, 4, 4)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        gates = gate(x)
    assert gates.dtype == torch.float32
    torch.testing.assert_close(gates, gate(x), atol=0, rtol=0)


@pytest.mark.parametrize('top_k', [0, 5])
def test_top_k_out_of_range(top_k):
    with pytest.raises(ValueError, match=f'top_k must be between 1 and the number of experts .4., but got {top_k}'):
        NoisyTopKGate(8, 4, top_k)
