"""Checkpoints of other people's code, on their way to ours."""

import copy
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor

from ..structures import CLASSES, PALETTE
from ..utils.state_dicts import compare_state_dicts, without_wrapper
from .loading import read_checkpoint

CHECKPOINTS = ('.pth', '.pt', '.tar', '.npz', '.safetensors')


class ConversionError(ValueError):
    """The checkpoint cannot be read, or does not fit the model of the config."""


def read_foreign(path: Path) -> dict:
    """Read a checkpoint of PyTorch, ``.safetensors``, arrays of NumPy (``.npz``: weights of TensorFlow), or a folder of
    these.

    Returns:
        What it holds; the arrays of NumPy as tensors. Of a folder, what each file in it and below it holds, by path.

    Raises:
        ConversionError: If the file is missing, cannot be read, or holds anything but weights and plain values.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob('*') if file.suffix in CHECKPOINTS)
        if not files:
            raise ConversionError(f'{path} has no file that ends in {", ".join(CHECKPOINTS)}.')
        return {str(file.relative_to(path)): read_foreign(file) for file in files}
    if not path.is_file():
        raise ConversionError(f'{path} does not exist.')
    try:
        if path.suffix == '.npz':
            with np.load(path, allow_pickle=False) as arrays:
                return {key: torch.from_numpy(arrays[key]) for key in arrays}
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file  # timm brings it

            return load_file(path)
        return read_checkpoint(str(path))
    except Exception as error:  # a broken archive raises nearly anything
        raise ConversionError(f'{path} cannot be read as a checkpoint: {error}') from None


def take_state_dict(checkpoint: dict, *keys: str) -> dict[str, Tensor]:
    """The state dict in a checkpoint, without the prefix 'module.' of distributed training.

    Args:
        checkpoint: What the file holds.
        keys: Where the authors' code keeps the state dict, in order of preference; without any of them the checkpoint
            is the state dict.

    Raises:
        ConversionError: If there are no tensors in that place.
    """
    found = next((key for key in keys if key in checkpoint), None)
    state_dict = checkpoint if found is None else checkpoint[found]
    tensors = without_wrapper(state_dict) if isinstance(state_dict, Mapping) else {}
    if not tensors:
        place = f'under {found!r}' if found else f'at the top, nor any of {", ".join(map(repr, keys))}' if keys else ''
        raise ConversionError(f'the checkpoint has no weights {place}'.rstrip())
    return tensors


def build_target(config: Path) -> dict[str, Tensor]:
    """State dict of the config's model, without loading pretrained weights."""
    init_default_scope('mmseg')
    return MODELS.build(Config.fromfile(config).model).state_dict()


def require_fit(converted: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    """Check the keys and shapes.

    Raises:
        ConversionError: If a key is missing, left over, or has another shape; names them.
    """
    problems = compare_state_dicts(target, converted)
    if problems:
        raise ConversionError('The checkpoint does not fit the config:\n' + '\n'.join(problems))


def save_converted(state_dict: Mapping[str, Tensor], target: dict[str, Tensor], source: Path, path: Path) -> None:
    """Write a checkpoint, with the settings of the config beside the weights: a model of another config refuses it.

    Args:
        state_dict: Weights that fit.
        target: State dict of the config's model.
        source: The file that they are from.
        path: Where to write.
    """
    weights = OrderedDict(state_dict)
    weights._metadata = copy.deepcopy(target._metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = dict(converted_from=source.name, dataset_meta=dict(classes=CLASSES, palette=PALETTE))
    torch.save(dict(meta=meta, state_dict=weights), path)
    print(f'{len(weights)} parameters and buffers written to {path}')
