"""Stops a training that has lost its numbers."""

import math
from collections.abc import Mapping

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor


@HOOKS.register_module()
class FiniteTrainingHook(Hook):
    """Stops when a loss is NaN or infinite, and before a checkpoint with such a weight is written.

    So the last checkpoint is always one to go on from. The losses are looked at in every iteration, as MMEngine has
    brought them to the CPU for its log: that costs no further wait for the GPU. The weights (and buffers, such as batch
    norm's statistics) are looked at where they are on the CPU anyway: in the checkpoint that is about to be written.

    Under automatic mixed precision the gradient scaler leaves out a step whose gradients overflow, and the weights stay
    finite. There such a loss counts only if it comes many times in a row.

    Args:
        patience: Iterations in a row that may have such a loss under a gradient scaler; without a scaler none may.
            Default: 20.

    Raises:
        ValueError: If ``patience`` is negative.
    """

    # After those that change what is written (EMAHook), before CheckpointHook.
    priority = 'LOW'

    def __init__(self, patience: int = 20) -> None:
        if patience < 0:
            raise ValueError(f'patience must be at least 0, got {patience}')
        self.patience = patience
        self._in_a_row = 0

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict = None, outputs: dict = None) -> None:
        """Look at the losses.

        Args:
            runner: The runner.
            batch_idx: Index of the batch.
            data_batch: Not used.
            outputs: The losses by name; only their names are used.

        Raises:
            FloatingPointError: If one is not finite; names it and the iteration.
        """
        losses = {name: _logged(runner, name, value) for name, value in (outputs or {}).items() if 'loss' in name}
        broken = {name: value for name, value in losses.items() if not math.isfinite(value)}
        self._in_a_row = self._in_a_row + 1 if broken else 0
        allowed = self.patience if _scales_losses(runner.optim_wrapper) else 0
        if self._in_a_row > allowed:
            # Their sum, called 'loss', says nothing more where one of them is named.
            parts = {name: value for name, value in broken.items() if name != 'loss'} or broken
            said = ', '.join(f'{name} is {value}' for name, value in parts.items())
            repeated = f' and in the {allowed} before' if allowed else ''
            raise FloatingPointError(
                f'{said} in iteration {runner.iter + 1} (epoch {runner.epoch + 1}){repeated}. {_HELP}'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the weights that are about to be written.

        Args:
            runner: The runner.
            checkpoint: With the weights in 'state_dict' and, of EMAHook, 'ema_state_dict'.

        Raises:
            FloatingPointError: If one is not finite; names the first few.
        """
        for part in ('state_dict', 'ema_state_dict'):
            broken = _not_finite(checkpoint.get(part, {}))
            if broken:
                more = f' and {len(broken) - 3} more' if len(broken) > 3 else ''
                raise FloatingPointError(
                    f'NaN or infinity in {", ".join(broken[:3])}{more}, after {runner.iter} iterations. The '
                    f'checkpoint is not written. {_HELP}'
                )


_HELP = (
    'Training stops; the last checkpoint, if there is one, has finite weights, and --resume goes on from it. Try a '
    'lower learning rate, optim_wrapper.clip_grad, or no --amp, and look for the cause in the data.'
)


def _scales_losses(optim_wrapper: OptimWrapper) -> bool:
    """Whether one of its parts looks for a scale of the loss, and meets values that are not finite on the way."""
    parts = optim_wrapper.values() if isinstance(optim_wrapper, OptimWrapperDict) else [optim_wrapper]
    scalers = [getattr(part, 'loss_scaler', None) for part in parts]
    return any(scaler is not None and scaler.is_enabled() for scaler in scalers)


def _logged(runner: Runner, name: str, value: Tensor) -> float:
    """The value as RuntimeInfoHook has logged it; a runner without that hook must wait for it."""
    scalars = runner.message_hub.log_scalars
    key = f'train/{name}'
    return scalars[key].current() if key in scalars else float(value)


def _not_finite(state_dict: Mapping[str, Tensor]) -> list[str]:
    weights = {name: value for name, value in state_dict.items() if isinstance(value, Tensor) and value.numel()}
    return [name for name, value in weights.items() if not _is_finite(value)]


def _is_finite(value: Tensor) -> bool:
    # A sum takes less time. It is finite only if all its terms are; it may overflow where they are.
    return bool(torch.isfinite(value.sum()) or torch.isfinite(value).all())
