"""Whether weights fit a model.

Some settings shape the answers of a model but no tensor: the order of the experts, a threshold, the mean of the pixels.
Modules that have such settings put them beside their weights, into the metadata that a state dict of PyTorch carries
(:func:`keep_settings`). They survive ``torch.save``, MMEngine's checkpoints and EMA, and ask nothing of who loads them.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

NUM_SHOWN = 5


def compare_state_dicts(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``given`` from being loaded into a model with the weights ``expected``.

    Wrappers (DDP, test-time augmentation) put 'module.' into the keys; it does not count. Settings count where both
    sides have them: older checkpoints, and dicts that somebody made anew, have none.

    Returns:
        One line each for missing, unexpected and misshapen weights, as far as there are any, and for each
        setting that differs.
    """
    differences = compare_settings(expected, given)
    expected, given = without_wrapper(expected), without_wrapper(given)
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
    return [f'  {len(keys)} {what}: {first_few(keys)}' for what, keys in found.items() if keys] + differences


def keep_settings(module: nn.Module) -> None:
    """From now on ``module.answer_settings`` goes into the metadata of its state dict.

    Args:
        module: Has a property ``answer_settings``, a dict of plain values by name.
    """
    module.register_state_dict_post_hook(_put_settings)


def _put_settings(module: nn.Module, state_dict: dict, prefix: str, local_metadata: dict) -> None:
    local_metadata['settings'] = dict(module.answer_settings)


def _settings(state_dict: Mapping[str, Tensor]) -> dict[str, Any]:
    """Settings by full name."""
    found = {}
    for prefix, metadata in (getattr(state_dict, '_metadata', None) or {}).items():
        for name, value in metadata.get('settings', {}).items():
            found[_without_module(f'{prefix}.{name}'.removeprefix('.'))] = value
    return found


def compare_settings(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """One line for each setting that two state dicts both have, with different values."""
    expected, given = _settings(expected), _settings(given)
    return [
        f'  {name} is {expected[name]!r} in the config, and the checkpoint was trained with {given[name]!r}'
        for name in expected
        if name in given and not _is_same(expected[name], given[name])
    ]


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    if isinstance(a, str) or not isinstance(a, Sequence):
        return a == b
    return isinstance(b, Sequence) and len(a) == len(b) and all(map(_is_same, a, b))


def weights_of(checkpoint: Mapping) -> Mapping[str, Tensor]:
    """The state dict in a checkpoint, which may be the state dict itself; empty if there is none in its place."""
    state_dict = checkpoint.get('state_dict', checkpoint)
    return state_dict if isinstance(state_dict, Mapping) else {}


def without_wrapper(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by their names in the model itself; what is no tensor, or has no name, is left out."""
    return {
        _without_module(key): value
        for key, value in state_dict.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }


def _without_module(key: str) -> str:
    # DDP around test-time augmentation puts it there twice; DDP of each part, behind the name of the part.
    return re.sub(r'(^|(?<=\.))(module\.)+', '', key)


def first_few(keys: list[str]) -> str:
    """The first five, and how many more there are."""
    more = f', and {len(keys) - NUM_SHOWN} more' if len(keys) > NUM_SHOWN else ''
    return ', '.join(keys[:NUM_SHOWN]) + more
