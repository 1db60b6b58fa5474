"""Refuses a checkpoint of another model."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ...jobs.errors import JobError
from ...model_files.loading import hint_of_origin
from ...utils.state_dicts import compare_state_dicts, weights_of


class MisfitError(JobError, ValueError):
    """A checkpoint of another model; the message says what does not fit."""


@HOOKS.register_module()
class StrictCheckpointHook(Hook):
    """Stops when a checkpoint does not fit the model, where MMEngine would warn and go on.

    ``tools/test.py`` adds it: figures of a model that is partly random mean nothing. Training does not need it, since
    ``load_from`` may well be a checkpoint of the backbone alone.
    """

    # After the hooks that still change the state dict, e.g. EMAHook.
    priority = 'VERY_LOW'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the keys and shapes of the checkpoint with those of the model.

        Args:
            runner: The runner whose model gets the weights.
            checkpoint: With the weights in 'state_dict', or the weights themselves.

        Raises:
            MisfitError: If weights are missing, unexpected or of another shape; names the first few.
        """
        problems = compare_state_dicts(runner.model.state_dict(), weights_of(checkpoint))
        if problems:
            raise misfit(checkpoint, problems)


def misfit(checkpoint: dict, problems: list[str]) -> MisfitError:
    """What to say of a checkpoint that does not fit, with the reasons in lines of their own."""
    return MisfitError('\n'.join([f'The checkpoint does not fit the model. {hint_of_origin(checkpoint)}', *problems]))
