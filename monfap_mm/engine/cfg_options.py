"""Options of the command line, put into a config."""

import inspect
import logging
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from ..jobs.errors import JobError

# What MMEngine's runner and our tools read.
_READ = {
    *(name for name in inspect.signature(Runner.__init__).parameters if name != 'self'),
    *('activation_checkpointing', 'compile', 'custom_imports', 'efficient_conv_bn_eval', 'find_unused_parameters'),
    *('model_wrapper_cfg', 'runner_type', 'sync_bn', 'tta_model', 'tta_pipeline'),
}
# How much alike two keys must be for the one to be a slip of the other.
_ALIKE = 0.8


class OptionError(JobError):
    """An option that would have no effect; the message says which, and what may be meant."""


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Put options into a config, unless one of them can be known to be a typing error, which MMEngine would ignore.

    A typing error is a first key that the config lacks and nothing reads, or, in a dict that builds no object (one
    without ``type``), a new key that is nearly one of its keys. An object itself refuses what it does not take.

    Args:
        cfg: The config, which is changed.
        options: Values by key, as 'model.test_cfg.mode'.

    Raises:
        OptionError: If there is such an error, an option names a place that the config lacks (an index beyond a list),
            or learning rates are to be scaled from an unknown batch size.
    """
    for option in options or {}:
        _check(cfg, option)
    try:
        cfg.merge_from_dict(dict(options or {}))
    except (AttributeError, KeyError, TypeError) as error:  # a list has no such place, or holds no dict there
        raise OptionError(f'the options {", ".join(options)} do not fit the config: {error}') from error
    scaling = cfg.get('auto_scale_lr') or {}
    if scaling.get('enable') and 'base_batch_size' not in scaling:
        raise OptionError(
            'auto_scale_lr.enable needs auto_scale_lr.base_batch_size too: the total batch size that the learning rate '
            'is for'
        )


def _check(cfg: Config, option: str) -> None:
    first, *others = option.split('.')
    if first not in cfg and first not in _READ:
        raise OptionError(f'unknown option {option}: the config has no {first}{_meant(first, {*cfg, *_READ}, 0.6)}')
    # Of the preprocessor, the runner reads the model's own before the one beside it.
    shadowed = first == 'data_preprocessor' and 'data_preprocessor' in (cfg.get('model') or {})
    if first in cfg and (first not in _READ or shadowed):
        print_log(
            f'The option {option} changes a variable of the config file, and nothing that the file has made of it. Set '
            'that instead, as train_dataloader.dataset.data_root in place of data_root, or model.data_preprocessor.',
            level=logging.WARNING,
        )
    node = cfg.get(first)
    for key in others:
        if isinstance(node, (list, tuple)) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            similar = _meant(key, node, _ALIKE) if isinstance(node, dict) and 'type' not in node else ''
            if similar:
                raise OptionError(f'unknown option {option}{similar} If it is meant, put it into a config file.')
            return


def _meant(key: str, known: set[str] | dict, alike: float) -> str:
    similar = get_close_matches(key, known, n=1, cutoff=alike)
    return f'; did you mean {similar[0]}?' if similar else ''
