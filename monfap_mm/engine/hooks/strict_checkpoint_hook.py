"""Refuses a checkpoint of another model."""

import re
from collections.abc import Mapping

from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch import Tensor

NUM_SHOWN = 5


@HOOKS.register_module()
class StrictCheckpointHook(Hook):
    """Stops when a checkpoint does not fit the model, where MMEngine would warn and go on.

    ``tools/test.py`` adds it: figures of a model that is partly random mean nothing. Training does not need it, since
    ``load_from`` may well be a checkpoint of the backbone alone.
    """

    # After the hooks that still change the state dict, e.g. EMAHook.
    priority = 'VERY_LOW'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare the keys and shapes of the checkpoint with those of the model.

        Args:
            runner (Runner): The runner whose model gets the weights.
            checkpoint (dict): With the weights in 'state_dict', or the weights themselves.

        Raises:
            ValueError: If weights are missing, unexpected or of another shape; names the first few.
        """
        state_dict = checkpoint.get('state_dict', checkpoint)
        problems = compare_state_dicts(runner.model.state_dict(), state_dict)
        if problems:
            hint = (
                ' It looks like a checkpoint of the authors: convert it with tools/model_converters/official2mm.py.'
                if 'model' in checkpoint
                else ' Is it a checkpoint of another model or config?'
            )
            raise ValueError(f'The checkpoint does not fit the model.{hint}\n' + '\n'.join(problems))


def compare_state_dicts(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``given`` from being loaded into a model with the weights ``expected``.

    Wrappers (DDP, test-time augmentation) put 'module.' before the keys; it does not count.

    Returns:
        list[str]: One line each for missing, unexpected and misshapen weights, as far as there are any.
    """
    expected, given = _without_wrapper(expected), _without_wrapper(given)
    shared = [key for key in expected if key in given]
    found = {
        'missing': [key for key in expected if key not in given],
        'unexpected': [key for key in given if key not in expected],
        'of another shape': [
            f'{key} (model {tuple(expected[key].shape)}, checkpoint {tuple(given[key].shape)})'
            for key in shared
            if expected[key].shape != given[key].shape
        ],
    }
    return [f'  {len(keys)} {what}: {_first(keys)}' for what, keys in found.items() if keys]


def _without_wrapper(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    # DDP around test-time augmentation puts it there twice.
    return {re.sub(r'^(module\.)+', '', key): value for key, value in state_dict.items() if isinstance(value, Tensor)}


def _first(keys: list[str]) -> str:
    more = f', and {len(keys) - NUM_SHOWN} more' if len(keys) > NUM_SHOWN else ''
    return ', '.join(keys[:NUM_SHOWN]) + more
