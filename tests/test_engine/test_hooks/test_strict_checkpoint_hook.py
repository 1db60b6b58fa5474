from types import SimpleNamespace

import pytest
import torch
from torch import nn

from monfap_mm.engine.hooks.strict_checkpoint_hook import StrictCheckpointHook
from monfap_mm.utils.state_dicts import compare_state_dicts


def weights(**shapes):
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def load(model, checkpoint):
    StrictCheckpointHook().after_load_checkpoint(SimpleNamespace(model=model), checkpoint)


def test_fitting_weights_have_no_problems():
    assert compare_state_dicts(weights(a=(2, 3), b=(4,)), weights(b=(4,), a=(2, 3))) == []


def test_each_kind_of_problem_is_named():
    lines = compare_state_dicts(weights(a=(2,), b=(3, 1), c=(1,)), weights(b=(1, 3), c=(1,), d=(5,)))
    assert [line.strip() for line in lines] == [
        '1 missing: a',
        '1 unexpected: d',
        '1 of another shape: b (model (3, 1), checkpoint (1, 3))',
    ]


def test_many_keys_are_counted():
    (line,) = compare_state_dicts(weights(**{f'k{i}': (1,) for i in range(7)}), {})
    assert line.strip() == '7 missing: k0, k1, k2, k3, k4, and 2 more'


def test_a_wrapper_does_not_count():
    wrapped = {f'module.{key}': value for key, value in weights(a=(2,)).items()}
    assert compare_state_dicts(wrapped, weights(a=(2,))) == []
    assert compare_state_dicts(weights(a=(2,)), wrapped) == []


@pytest.mark.parametrize('wrap', [lambda state: state, lambda state: dict(state_dict=state, meta={})])
def test_hook_accepts_the_own_checkpoint(wrap):
    model = nn.Linear(2, 3)
    load(model, wrap(model.state_dict()))


def test_hook_refuses_another_model():
    with pytest.raises(ValueError, match=r'does not fit the model.*\n.*of another shape: weight \(model \(3, 2\)'):
        load(nn.Linear(2, 3), dict(state_dict=nn.Linear(5, 3).state_dict()))


def test_hook_knows_the_authors_checkpoints():
    with pytest.raises(ValueError, match='official2mm.py'):
        load(nn.Linear(2, 3), dict(model=nn.Linear(2, 3).state_dict()))


def test_prefixes_of_wrappers_do_not_count():
    weights = {'a': torch.zeros(2)}
    assert compare_state_dicts({'module.module.a': torch.zeros(2)}, weights) == []
    assert compare_state_dicts(weights, {'module.a': torch.zeros(2)}) == []
