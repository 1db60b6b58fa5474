from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from monfap_mm.engine.hooks import FiniteTrainingHook

from ..toy import ToyModel, files, make_runner

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('value', [NAN, INF, -INF])
def test_a_loss_stops_training_in_its_iteration_and_is_named(tmp_path, monkeypatch, value):
    def spoil(model, losses):
        if model.iteration == 3:
            losses['loss_second'] = losses['loss_second'] * value

    monkeypatch.setattr(ToyModel, 'spoil', staticmethod(spoil))
    runner = make_runner(tmp_path, default_hooks__checkpoint__max_keep_ckpts=1)
    with pytest.raises(
        FloatingPointError, match=rf'^loss_second is {value} in iteration 3 \(epoch 2\)\. Training stops'
    ):
        runner.train()
    assert runner.iter == 2
    assert 'epoch_1.pth' in files(tmp_path)
    monkeypatch.undo()
    make_runner(tmp_path, resume='auto').train()
    assert all(
        torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['state_dict'][key].isfinite().all()
        for key in ('backbone.weight', 'decode_head.bias')
    )


@pytest.mark.parametrize('part', ['backbone', 'decode_head'])
def test_a_weight_is_found_before_it_is_written(tmp_path, monkeypatch, part):
    """In the last iteration of an epoch, where no loss tells of it."""

    def spoil(model, losses):
        if model.iteration == 4:
            # A loss of 0 whose gradient is NaN.
            weight = getattr(model, part).weight
            losses['loss_first'] = losses['loss_first'] * 0 + (weight.sum() * 0).abs().sqrt()

    monkeypatch.setattr(ToyModel, 'spoil', staticmethod(spoil))
    with pytest.raises(FloatingPointError, match=rf'NaN or infinity in {part}\.weight'):
        make_runner(tmp_path, default_hooks__checkpoint__max_keep_ckpts=1).train()
    assert {name for name in files(tmp_path) if name.endswith('.pth')} == {
        'epoch_1.pth',
        'best_forgery_IoU-f_epoch_1.pth',
    }


def test_averaged_weights_are_looked_at_too(tmp_path):
    checkpoint = dict(state_dict={'a': torch.ones(2)}, ema_state_dict={'module.a': torch.tensor([1, NAN])})
    with pytest.raises(FloatingPointError, match=r'module\.a, after 5 iterations'):
        FiniteTrainingHook().before_save_checkpoint(SimpleNamespace(iter=5), checkpoint)


def test_many_weights_are_counted_and_integers_left_alone():
    weights = {name: torch.tensor([INF]) for name in 'abcde'} | {'steps': torch.tensor([3])}
    with pytest.raises(FloatingPointError, match=r'in a, b, c and 2 more, after'):
        FiniteTrainingHook().before_save_checkpoint(SimpleNamespace(iter=5), dict(state_dict=weights))


def test_weights_whose_sum_overflows_are_finite():
    FiniteTrainingHook().before_save_checkpoint(
        SimpleNamespace(iter=5), dict(state_dict={'a': torch.full((9,), 3e38), 'empty': torch.zeros(0)})
    )


def scaled(losses, patience=2, enabled=True) -> FiniteTrainingHook:
    """Feed losses to the hook as under a gradient scaler."""
    hook = FiniteTrainingHook(patience)
    scaler = SimpleNamespace(is_enabled=lambda: enabled)
    for iteration, loss in enumerate(losses):
        runner = SimpleNamespace(
            optim_wrapper=SimpleNamespace(loss_scaler=scaler),
            message_hub=SimpleNamespace(log_scalars={}),
            iter=iteration,
            epoch=0,
        )
        hook.after_train_iter(runner, 0, outputs=dict(loss=loss, acc_seg=NAN))


def test_a_gradient_scaler_may_skip_a_few_steps_in_a_row():
    scaled([1.0, NAN, INF, 1.0, NAN, NAN, 1.0])


@pytest.mark.parametrize('enabled', [True, False])
def test_one_of_several_optimizers_may_have_a_gradient_scaler(enabled):
    parts = {}
    for name in ('generator', 'discriminator'):
        parts[name] = OptimWrapper(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1))
    parts['generator'].loss_scaler = SimpleNamespace(is_enabled=lambda: enabled)
    runner = SimpleNamespace(
        optim_wrapper=OptimWrapperDict(**parts), message_hub=SimpleNamespace(log_scalars={}), iter=0, epoch=0
    )
    hook = FiniteTrainingHook(patience=1)
    with nullcontext() if enabled else pytest.raises(FloatingPointError, match='loss is nan'):
        hook.after_train_iter(runner, 0, outputs=dict(loss=NAN))


def test_but_not_more_than_patience():
    with pytest.raises(
        FloatingPointError, match=r'^loss is nan in iteration 4 \(epoch 0\) and in the 2 before'.replace('0', '1')
    ):
        scaled([1.0, NAN, INF, NAN])


def test_a_scaler_that_is_off_skips_nothing():
    with pytest.raises(FloatingPointError, match=r'^loss is inf in iteration 2'):
        scaled([1.0, INF], enabled=False)


def test_patience_is_not_negative():
    with pytest.raises(ValueError, match='patience must be at least 0, got -1'):
        FiniteTrainingHook(patience=-1)
