"""Optimizers of the parts of a model."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone, self.head, self.discriminator = (nn.Linear(2, 2) for _ in range(3))
        self.head.bias.requires_grad_(False)


def build(model, *names, **kwargs):
    parts = {name: dict(optimizer=dict(type='Adam', lr=10.0 ** -(1 + i))) for i, name in enumerate(names)}
    return build_optim_wrapper(model, dict(constructor='PartsOptimWrapperConstructor', **parts, **kwargs))


@pytest.mark.parametrize('wrapped', [False, True])
def test_each_parameter_has_one_optimizer(wrapped):
    model = Model()
    outer = nn.Module()
    outer.module = model
    wrapper = build(outer if wrapped else model, 'generator', 'discriminator')
    parameters = {name: one.optimizer.param_groups[0]['params'] for name, one in wrapper.items()}
    assert {id(p) for p in parameters['discriminator']} == {id(p) for p in model.discriminator.parameters()}
    rest = [*model.backbone.parameters(), model.head.weight]
    assert {id(p) for p in parameters['generator']} == {id(p) for p in rest}
    assert wrapper.get_lr() == {
        f'{name}.{key}': [rate]
        for name, rate in (('generator', 0.1), ('discriminator', 0.01))
        for key in ('lr', 'base_lr')
        if f'{name}.{key}' in wrapper.get_lr()
    }


@pytest.mark.parametrize('names', [('discriminator',), ('discriminator', 'generator', 'generater')])
def test_entries_that_leave_parameters_out_or_claim_them_twice(names):
    with pytest.raises(ValueError, match='one entry that is no submodule'):
        build(Model(), *names)


def test_paramwise_cfg_is_refused():
    with pytest.raises(ValueError, match='paramwise_cfg'):
        build(Model(), 'generator', 'discriminator', paramwise_cfg=dict(custom_keys={}))


def test_optimizers_step_apart():
    model = Model()
    wrapper = build(model, 'generator', 'discriminator')
    before = model.backbone.weight.clone()
    wrapper['discriminator'].update_params(model.discriminator(torch.ones(1, 2)).sum())
    assert torch.equal(model.backbone.weight, before)
