"""Says what of a checkpoint fits the model that starts from it."""

from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from ...utils.state_dicts import compare_settings, compare_state_dicts, weights_of, without_wrapper
from ..resume import ResumeError
from .strict_checkpoint_hook import misfit

# Share of a part's weights that must fit. Not all of them: some backbones resize what depends on the image's size.
_ENOUGH = 0.9


@HOOKS.register_module()
class StartWeightsHook(Hook):
    """Stops where a checkpoint is of another model, at which MMEngine would list every weight and train from scratch.

    The rule for ``load_from``: at least one part of the model (backbone, neck, decode head) must get nine of ten of its
    weights. So a checkpoint of the backbone alone is fine, and so is one of a model with another number of classes; a
    line says how much of each part fits, and another one names settings that were different when the weights were
    trained. A training that is resumed must get all the weights of its model, and have its settings; a line says if
    there is no state of the optimizer and the learning rate, which MMEngine then begins anew without a word.
    """

    # After the hooks that still change the state dict, e.g. EMAHook.
    priority = 'VERY_LOW'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the checkpoint with the model.

        Args:
            runner: The runner whose model gets the weights.
            checkpoint: With the weights in 'state_dict', or the weights themselves.

        Raises:
            MisfitError: If the checkpoint does not fit; says what fits and what does not.
            ResumeError: If it fits, but does not say where its training was.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        state_dict = weights_of(checkpoint)
        problems = compare_state_dicts(model.state_dict(), state_dict)
        if not problems:
            if runner._resume:
                _require_position(runner, checkpoint)
            return
        if runner._resume:
            raise misfit(checkpoint, ['To resume, all weights and settings must fit.', *problems])
        settings = compare_settings(model.state_dict(), state_dict)
        if settings:
            runner.logger.warning('\n'.join(['The weights were trained with other settings:', *settings]))
        if len(settings) == len(problems):
            return
        parts = _count_fitting(model.state_dict(), state_dict)
        said = ', '.join(f'{part} {fitting} of {total}' for part, (fitting, total) in parts.items())
        if all(fitting < _ENOUGH * total for fitting, total in parts.values()):
            rule = f'At least one part of the model must get {_ENOUGH:.0%} of its weights, but it is {said}.'
            raise misfit(checkpoint, [rule, *problems])
        runner.logger.warning(f'Weights that fit, by part of the model: {said}. The others start as initialized.')


def _require_position(runner: Runner, checkpoint: dict) -> None:
    if 'message_hub' not in checkpoint or not {'epoch', 'iter'} <= checkpoint.get('meta', {}).keys():
        raise ResumeError(
            f'--resume: {runner._load_from} holds weights, but not where their training was. To start from them, train '
            'with --cfg-options load_from=FILE in place of --resume.'
        )
    states = {'optimizer': 'the optimizer', 'param_schedulers': 'the learning rate'}
    lacking = [name for key, name in states.items() if key not in checkpoint]
    if lacking:
        runner.logger.warning(
            f'--resume: {runner._load_from} has no state of {" and ".join(lacking)}, as a best_*.pth has none: '
            'training goes on at its epoch, but begins anew with these'
        )


def _count_fitting(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, tuple[int, int]]:
    """For each part of the model, how many of its weights fit, and how many it has."""
    expected, given = without_wrapper(expected), without_wrapper(given)
    parts = {}
    for name, value in expected.items():
        if name.endswith('num_batches_tracked'):  # a counter that many checkpoints lack
            continue
        part = name.partition('.')[0]
        fitting, total = parts.get(part, (0, 0))
        fits = name in given and given[name].shape == value.shape
        parts[part] = (fitting + fits, total + 1)
    return parts
