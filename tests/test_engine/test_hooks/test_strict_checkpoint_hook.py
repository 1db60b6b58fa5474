from types import SimpleNamespace

import pytest
import torch
from mmengine.runner.checkpoint import get_state_dict, weights_to_cpu
from torch import nn

from monfap_mm.engine.hooks.strict_checkpoint_hook import StrictCheckpointHook
from monfap_mm.utils.state_dicts import compare_state_dicts, keep_settings


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
    with pytest.raises(ValueError, match='official2mm.py converts .* peers2mm.py'):
        load(nn.Linear(2, 3), dict(model=nn.Linear(2, 3).state_dict()))


def test_prefixes_of_wrappers_do_not_count():
    weights = {'a': torch.zeros(2)}
    assert compare_state_dicts({'module.module.a': torch.zeros(2)}, weights) == []
    assert compare_state_dicts(weights, {'module.a': torch.zeros(2)}) == []


class Thresholded(nn.Linear):
    """A module with settings that no tensor tells."""

    def __init__(self, **settings):
        super().__init__(2, 3)
        self.answer_settings = settings
        keep_settings(self)


def saved(model, path):
    torch.save(dict(state_dict=model.state_dict(), meta={}), path / 'weights.pth')
    return torch.load(path / 'weights.pth', weights_only=True)


def test_settings_travel_with_the_weights(tmp_path):
    model = nn.Sequential(Thresholded(order=('b', 'a'), threshold=0.5, mean=(1.5, 2.0), name=None))
    load(model, saved(model, tmp_path))
    other = nn.Sequential(Thresholded(order=('a', 'b'), threshold=0.7, mean=(1.5, 2.5), name='x'))
    with pytest.raises(ValueError) as error:
        load(other, saved(model, tmp_path))
    for name, ours, theirs in (
        ('order', "('a', 'b')", "('b', 'a')"),
        ('threshold', '0.7', '0.5'),
        ('mean', '(1.5, 2.5)', '(1.5, 2.0)'),
        ('name', "'x'", 'None'),
    ):
        assert f'0.{name} is {ours} in the config, and the checkpoint was trained with {theirs}' in str(error.value)


def test_rounding_and_lists_do_not_count():
    a, b = (Thresholded(mean=mean, on=True) for mean in ((123.675, 1), [123.67500305, 1.0]))
    assert compare_state_dicts(a.state_dict(), b.state_dict()) == []
    assert compare_state_dicts(a.state_dict(), Thresholded(mean=(123.675,), on=True).state_dict()) != []
    assert compare_state_dicts(a.state_dict(), Thresholded(mean=123.675, on=True).state_dict()) != []


def test_checkpoints_without_settings_fit():
    state_dict = Thresholded(threshold=0.5).state_dict()
    assert compare_state_dicts(Thresholded(threshold=0.7).state_dict(), dict(state_dict)) == []
    assert compare_state_dicts(nn.Linear(2, 3).state_dict(), state_dict) == []


def test_settings_of_wrapped_models_and_of_mmengines_state_dict():
    wrapped = nn.ModuleDict(dict(module=nn.Sequential(Thresholded(threshold=0.5))))
    for state_dict in (wrapped.state_dict(), weights_to_cpu(get_state_dict(wrapped))):
        (line,) = compare_state_dicts(nn.Sequential(Thresholded(threshold=0.7)).state_dict(), state_dict)
        assert '0.threshold is 0.7' in line
