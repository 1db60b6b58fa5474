"""Makes up for a validation that was cut off."""

from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmseg.registry import HOOKS

from ...utils.atomic_write import atomic_write

RECORD = 'last_validation'


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validates at the start of a resumed training what was saved and then, because of a kill, not validated.

    MMEngine saves an epoch, then validates it. A kill in between would keep the epoch from ever being the best, also
    the last one. With this hook a training that was killed chooses among the same epochs as one that was not. ``<work
    dir>/last_validation`` records what the last complete validation was of.
    """

    # After CheckpointHook has prepared its folder, and after it has saved the best.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._is_training = False

    def before_train(self, runner: Runner) -> None:
        """Validate, if training goes on from where a validation is due that was not completed."""
        self._is_training = True
        if runner.iter == 0:
            if is_main_process():
                _record(runner).unlink(missing_ok=True)  # of an earlier training in this folder
        elif runner.val_loop is not None and _is_due(runner) and not _is_done(runner):
            runner.logger.info('The validation of the checkpoint was not completed: it comes first')
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Record a validation, now that all hooks have seen its figures."""
        if self._is_training and is_main_process():
            atomic_write(_record(runner), _position(runner))


def _record(runner: Runner) -> Path:
    return Path(runner.work_dir) / RECORD


def _position(runner: Runner) -> str:
    return f'epoch {runner.epoch}, iter {runner.iter}\n'


def _is_due(runner: Runner) -> bool:
    """Whether MMEngine's loops validate at this point of training; nothing is known of other loops."""
    loop = runner.train_loop
    if isinstance(loop, EpochBasedTrainLoop):
        done, end = loop.epoch, loop.max_epochs
    elif isinstance(loop, IterBasedTrainLoop):
        done, end = loop.iter, loop.max_iters
    else:
        return False
    loop._decide_current_val_interval()
    return done >= loop.val_begin and (done % loop.val_interval == 0 or done == end)


def _is_done(runner: Runner) -> bool:
    """As the main process sees it, so that all processes do the same."""
    done = [is_main_process() and _record(runner).is_file() and _record(runner).read_text() == _position(runner)]
    broadcast_object_list(done)
    return done[0]
