"""Saves checkpoints so that a kill at any moment costs no more than what came after the last one."""

from collections import deque
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ...utils.atomic_write import atomic_write, remove_leftovers
from ..file_backend import WholeFileBackend
from ..resume import ResumeError, find_resumable


# Under MMEngine's name too: a config that says type='CheckpointHook' loses nothing.
@HOOKS.register_module(name=['SafeCheckpointHook', 'CheckpointHook'])
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, with the same arguments, file names and results, except that

    - a checkpoint is on the disk as a whole or not at all, and so is ``last_checkpoint``;
    - what it replaces (the oldest of ``max_keep_ckpts``, the previous best) is deleted after it is written, not before;
    - a training that is resumed passes over checkpoints that cannot be read, with a line for each.

    The first holds on local disks; other storage keeps MMEngine's way of writing. In scope mmseg,
    ``CheckpointHook`` means this hook; MMEngine's is ``mmengine.CheckpointHook``.

    Raises:
        TypeError: If an argument is unknown. MMEngine would fail only when the first checkpoint is saved.
    """

    file_backend = None  # until training begins

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.args:
            raise TypeError(f'{type(self).__name__} takes no {", ".join(self.args)}')

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint that a resumed training goes on from.

        ``resume=True`` in the config means ``load_from`` if that is set, as in MMEngine, else the work dir's latest.
        ``resume='auto'`` means the work dir's latest; if there is none, training starts from ``load_from``, or anew.

        Raises:
            ResumeError: If no checkpoint of the work dir can be read.
        """
        if not runner._resume or (runner._load_from is not None and runner._resume != 'auto'):
            return
        found = [_find(runner.work_dir, self.filename_tmpl) if is_main_process() else None]
        broadcast_object_list(found)
        if isinstance(found[0], ResumeError):
            raise found[0]
        runner._resume = found[0] is not None
        if found[0] is None:
            runner.logger.warning(f'--resume: {runner.work_dir} has no checkpoint, training starts from the beginning')
        else:
            runner._load_from = found[0]

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder of the checkpoints."""
        super().before_train(runner)
        if type(self.file_backend) is LocalBackend and self.file_client_args is None and self.backend_args is None:
            self.backend_args = dict(backend=WholeFileBackend.__name__)
            if is_main_process():
                remove_leftovers(Path(self.out_dir))
        if runner._resume:
            # A validation that is made up for records a new best in this one.
            self.last_ckpt = runner.message_hub.get_info('last_ckpt')

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Save, then delete those that are too many."""
        self.last_ckpt = self._path(step)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        surplus = []
        if self.max_keep_ckpts > 0:
            steps = [kept for kept in self.keep_ckpt_ids if kept != step] + [step]
            # With the surplus, so that a resumed training deletes what a kill has left.
            runner.message_hub.update_info('keep_ckpt_ids', steps)
            surplus = steps[: -self.max_keep_ckpts]
            self.keep_ckpt_ids = deque(steps, self.max_keep_ckpts)
        runner.save_checkpoint(
            self.out_dir,
            self.filename_tmpl.format(step),
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            atomic_write(Path(runner.work_dir) / 'last_checkpoint', self.last_ckpt)
            for old in surplus:
                self._remove(self._path(old))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save what is better than the best, delete the previous best, then record the new one in the last checkpoint.

        Raises:
            KeyError: If the validation does not give a figure of ``save_best``.
        """
        if not self.save_best or self.file_backend is None:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        better = [
            key for key, rule in zip(self.key_indicators, self.rules) if self._is_better(runner, metrics, key, rule)
        ]
        for key in better:
            self._save_best(runner, key, metrics[key])
        if better and self.last_ckpt is not None:
            step = runner.epoch if self.by_epoch else runner.iter
            self._save_checkpoint_with_step(runner, step, dict(epoch=runner.epoch, iter=runner.iter))

    def _is_better(self, runner: Runner, metrics: dict[str, float], key: str, rule: str) -> bool:
        if key not in metrics:
            raise KeyError(f'save_best is {key!r}, but the validation gives {", ".join(metrics)}')
        best = runner.message_hub.get_info(self._info('best_score', key), self.init_value_map[rule])
        return metrics[key] is not None and self.is_better_than[key](metrics[key], best)

    def _save_best(self, runner: Runner, key: str, score: float) -> None:
        step = runner.epoch if self.by_epoch else runner.iter
        name = f'best_{key}_{self.filename_tmpl.format(step)}'.replace('/', '_')
        path = self.file_backend.join_path(self.out_dir, name)
        previous = runner.message_hub.get_info(self._info('best_ckpt', key))
        runner.message_hub.update_info(self._info('best_score', key), score)
        runner.message_hub.update_info(self._info('best_ckpt', key), path)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            backend_args=self.backend_args,
        )
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path
        if previous and is_main_process():
            # By its name: a work dir that is a copy must not delete the original's.
            previous = self.file_backend.join_path(self.out_dir, Path(previous).name)
            if previous != path:
                self._remove(previous)
        unit = 'epoch' if self.by_epoch else 'iter'
        runner.logger.info(f'The best checkpoint with {score:0.4f} {key} at {step} {unit} is saved to {name}.')

    def _info(self, name: str, key: str) -> str:
        """Name of a figure's entry in the message hub, as MMEngine has it."""
        return name if len(self.key_indicators) == 1 else f'{name}_{key}'

    def _path(self, step: int) -> str:
        return self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))

    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # as DeepSpeed's are
            self.file_backend.rmtree(path)


def _find(work_dir: str, template: str) -> str | ResumeError | None:
    """The error is returned, so that all processes can raise it."""
    try:
        return find_resumable(work_dir, template)
    except ResumeError as error:
        return error
