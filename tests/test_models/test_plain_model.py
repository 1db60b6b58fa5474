"""The package against the plain form of the whole model: logits, losses, all gradients."""

import pytest
import torch

from monfap_mm.models.layers import MoNE
from tests.plain_model import PlainMoNE, plainly
from tests.samples import build, make_samples, monfap_cfg

from .test_backbones import BACKBONES


def images():
    torch.manual_seed(1)
    return torch.randn(2, 3, 64, 64, dtype=torch.float64)


def losses_and_gradients(model):
    torch.manual_seed(2)  # the noise of the gates
    losses = model.loss(images(), make_samples((64, 64)))
    gradients = torch.autograd.grad(sum(losses.values()), list(model.parameters()))
    return losses, gradients


@pytest.mark.parametrize('without_neck', [False, True])
def test_logits_losses_and_gradients_are_the_plain_ones(without_neck):
    cfg = monfap_cfg(head=dict(dropout_ratio=0.0))
    if without_neck:
        cfg['neck'] = None
    model = build(cfg).double()
    losses, gradients = losses_and_gradients(model)
    with plainly(model):
        plain_losses, plain_gradients = losses_and_gradients(model)
    torch.testing.assert_close(losses, plain_losses, atol=1e-10, rtol=1e-10)
    for (name, _), a, b in zip(model.named_parameters(), gradients, plain_gradients):
        torch.testing.assert_close(a, b, atol=1e-10 * b.abs().max().clamp(min=1).item(), rtol=1e-8, msg=name)


def test_logits_on_another_backbone():
    backbone, channels, head = BACKBONES['MiT-B0']
    model = build(monfap_cfg(backbone, channels, head=head)).double().eval()
    with torch.no_grad():
        logits = model(images())
        with plainly(model):
            expected = model(images())
    torch.testing.assert_close(logits, expected, atol=1e-10, rtol=1e-10)


def test_the_model_is_itself_again_after_an_error():
    model = build(monfap_cfg())
    with plainly(model):
        assert type(model.neck.levels[0]) is PlainMoNE
    with pytest.raises(ValueError, match='the features have'), plainly(model):
        model.neck([torch.zeros(1, 3, 8, 8)] * 4)
    assert type(model.neck.levels[0]) is MoNE
