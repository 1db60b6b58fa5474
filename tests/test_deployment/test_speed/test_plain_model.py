"""The package against the plain form of the whole model: logits, losses, all gradients."""

import pytest
import torch

from monfap_mm.deployment.speed.plain_model import PlainBayarConv, PlainMoNE, has_plain_form, plain_twin
from monfap_mm.models.layers import MoNE
from tests.samples import build, make_samples, monfap_cfg
from tests.test_models.test_backbones import BACKBONES


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
    plain_losses, plain_gradients = losses_and_gradients(plain_twin(model))
    torch.testing.assert_close(losses, plain_losses, atol=1e-10, rtol=1e-10)
    for (name, _), a, b in zip(model.named_parameters(), gradients, plain_gradients):
        torch.testing.assert_close(a, b, atol=1e-10 * b.abs().max().clamp(min=1).item(), rtol=1e-8, msg=name)


def test_logits_on_another_backbone():
    backbone, channels, head = BACKBONES['MiT-B0']
    model = build(monfap_cfg(backbone, channels, head=head)).double().eval()
    with torch.no_grad():
        logits, expected = model(images()), plain_twin(model)(images())
    torch.testing.assert_close(logits, expected, atol=1e-10, rtol=1e-10)


def test_the_twin_is_a_second_model_with_the_same_state_dict():
    model = build(monfap_cfg())
    twin = plain_twin(model)
    assert type(twin.neck.levels[0]) is PlainMoNE
    assert type(twin.neck.levels[0].experts['bayar']) is PlainBayarConv
    assert type(model.neck.levels[0]) is MoNE
    before = model.state_dict()
    torch.testing.assert_close(dict(twin.state_dict()), dict(before), atol=0, rtol=0)
    pointers = {parameter.data_ptr() for parameter in model.parameters()}
    assert not pointers & {parameter.data_ptr() for parameter in twin.parameters()}
    twin.load_state_dict(before, strict=True)


def test_what_has_a_plain_form():
    assert has_plain_form(build(monfap_cfg()))
    assert not has_plain_form(torch.nn.Linear(2, 3))
