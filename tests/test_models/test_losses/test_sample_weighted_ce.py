import math

import pytest
import torch
import torch.nn.functional as F

from monfap_mm.models.losses import SampleWeightedCrossEntropy


def batch():
    torch.manual_seed(0)
    target = (torch.rand(4, 6, 5) < 0.3).long()
    target[2, :2] = 255
    return torch.randn(4, 2, 6, 5, requires_grad=True), target, torch.tensor([False, True, True, False])


def test_each_group_is_its_own_cross_entropy():
    logits, target, manipulated = batch()
    genuine, fake = SampleWeightedCrossEntropy(manipulated_weight=7.0)(logits, target, manipulated)
    expected = F.cross_entropy(logits[~manipulated], target[~manipulated], ignore_index=255)
    torch.testing.assert_close(genuine, expected)
    expected = 7 * F.cross_entropy(logits[manipulated], target[manipulated], ignore_index=255)
    torch.testing.assert_close(fake, expected)


@pytest.mark.parametrize('label', [False, True])
def test_a_missing_group_contributes_zero_and_keeps_the_graph(label):
    logits, target, manipulated = batch()
    losses = SampleWeightedCrossEntropy()(logits, target, torch.full_like(manipulated, label))
    missing = losses[0 if label else 1]
    assert missing.item() == 0
    missing.backward()
    assert logits.grad.abs().max() == 0


def test_known_numbers():
    """Logits of 0 cost ln 2 a pixel, whatever their number; an ignored pixel neither costs nor counts."""
    target = torch.tensor([[[1, 0, 255]], [[0, 0, 0]], [[1, 255, 255]]])
    logits = torch.zeros(3, 2, 1, 3)
    logits[0, :, 0, 2] = torch.tensor([50.0, -50.0])  # ignored
    logits[2, :, 0, 0] = torch.tensor([0.0, 3.0]).log1p()  # P(fake) = 4 / 5
    genuine, fake = SampleWeightedCrossEntropy()(logits, target, torch.tensor([True, False, True]))
    assert genuine.item() == pytest.approx(math.log(2), rel=1e-6)
    assert fake.item() == pytest.approx(10 * (2 * math.log(2) + math.log(5 / 4)) / 3, rel=1e-6)


def test_nothing_but_ignored_pixels():
    logits, target, manipulated = batch()
    losses = SampleWeightedCrossEntropy()(logits, torch.full_like(target, 255), manipulated)
    assert [loss.item() for loss in losses] == [0, 0]


def test_half_logits_are_summed_in_fp32():
    logits, target, manipulated = batch()
    assert all(loss.dtype == torch.float32 for loss in SampleWeightedCrossEntropy()(logits.half(), target, manipulated))


def test_negative_weight():
    with pytest.raises(ValueError, match='lambda of Eq. 14'):
        SampleWeightedCrossEntropy(manipulated_weight=-1)
