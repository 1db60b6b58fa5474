from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import MMDistributedDataParallel
from mmengine.runner.priority import get_priority
from torch import nn

from monfap_mm.engine.hooks import InferenceFormHook


class Foldable(nn.Linear):
    """Stands for MoNFAP."""

    folded = False

    def to_inference(self):
        self.folded = True
        with torch.no_grad():
            self.weight.fill_(7)


class TestTimeAugmented(nn.Module):
    __test__ = False

    def __init__(self):
        super().__init__()
        self.module = Foldable(2, 3)


def test_a_copy_is_folded_and_the_own_model_comes_back_untouched():
    model = Foldable(2, 3)
    weight = model.weight.detach().clone()
    runner, hook = SimpleNamespace(model=model), InferenceFormHook()
    for _ in range(2):
        hook.before_test_epoch(runner)
        assert runner.model is not model
        assert runner.model.folded
        hook.after_test_epoch(runner, metrics={})
        assert runner.model is model
        assert not model.folded
        assert torch.equal(model.weight, weight)


def test_the_model_inside_test_time_augmentation_is_folded():
    runner = SimpleNamespace(model=TestTimeAugmented())
    InferenceFormHook().before_test_epoch(runner)
    assert isinstance(runner.model, TestTimeAugmented)
    assert runner.model.module.folded


def test_a_model_without_inference_form_stays():
    model = nn.Linear(2, 3)
    runner, hook = SimpleNamespace(model=model), InferenceFormHook()
    hook.before_test_epoch(runner)
    assert runner.model is model
    hook.after_test_epoch(runner)
    assert runner.model is model


@pytest.mark.parametrize('inner', [Foldable(2, 3), TestTimeAugmented()], ids=['model', 'augmented'])
def test_the_wrapper_of_ddp_is_left_out(inner, tmp_path):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        wrapped = MMDistributedDataParallel(inner)
        runner, hook = SimpleNamespace(model=wrapped), InferenceFormHook()
        hook.before_test_epoch(runner)
        assert type(runner.model) is type(inner)
        hook.after_test_epoch(runner)
        assert runner.model is wrapped
    finally:
        torch.distributed.destroy_process_group()


def test_averaged_weights_are_folded_and_swapped_back():
    """With EMAHook, as the runner calls them: by priority."""
    model = Foldable(2, 3)
    own = model.weight.detach().clone()
    runner, averaged = SimpleNamespace(model=model, iter=0, epoch=0), EMAHook()
    hooks = sorted([InferenceFormHook(), averaged], key=lambda hook: get_priority(hook.priority))
    averaged.before_run(runner)
    averaged.ema_model.module.bias.data.fill_(5)
    for hook in hooks:
        hook.before_test_epoch(runner)
    assert runner.model.folded
    assert torch.equal(runner.model.bias, torch.full((3,), 5.0))
    for hook in hooks:
        hook.after_test_epoch(runner, metrics={})
    assert runner.model is model
    assert torch.equal(model.weight, own)
    assert torch.equal(averaged.ema_model.module.bias, torch.full((3,), 5.0))
