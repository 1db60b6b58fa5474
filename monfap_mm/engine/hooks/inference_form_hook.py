"""Tests the inference form of a model."""

import copy

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class InferenceFormHook(Hook):
    """Lets a test run on a copy of the model in its inference form: same figures to rounding, in less time.

    ``tools/test.py`` adds it. The runner gets its own model back after the test, so that nothing else (training after
    a test, the EMA hook that puts the averaged weights in and out) meets a folded model. A model without
    ``to_inference()``, such as a stock segmentor, is tested as it is.
    """

    # After the hooks that still change the weights, e.g. EMAHook.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._own_model = None

    def before_test_epoch(self, runner: Runner) -> None:
        """Put a folded copy in place of the runner's model, out of DDP's wrapper, which a test does not need."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if _foldable(model) is None:
            return
        self._own_model = runner.model
        runner.model = copy.deepcopy(model)
        _foldable(runner.model).to_inference()

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Give the runner its own model back."""
        if self._own_model is not None:
            runner.model, self._own_model = self._own_model, None


def _foldable(model: nn.Module) -> nn.Module | None:
    """The module to fold: the model, or the one inside test-time augmentation; None where there is none."""
    model = getattr(model, 'module', model)
    return model if hasattr(model, 'to_inference') else None
