"""Checkpoints of other people's code, on their way to ours."""

import argparse
import copy
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor

from ..structures import CLASSES, PALETTE
from ..utils.atomic_write import written_aside
from ..utils.state_dicts import compare_state_dicts, first_few, without_wrapper
from .loading import read_checkpoint

# Where training scripts keep the weights.
PLACES = ('state_dict', 'model', 'model_state_dict', 'model_state')
CHECKPOINTS = ('.pth', '.pt', '.tar', '.npz', '.safetensors')


class ConversionError(ValueError):
    """The checkpoint cannot be read, or does not fit the model of the config."""


class Folder(dict):
    """What the files of a folder hold, by path."""


def add_arguments(parser: argparse.ArgumentParser, source: str, config: str) -> None:
    """The arguments of every converter; ``source`` and ``config`` say what these two are."""
    parser.add_argument('source', type=Path, metavar='IN', help=source)
    parser.add_argument('destination', type=Path, metavar='OUT', help='where to write ours')
    parser.add_argument('--config', type=Path, required=True, help=config)


def read_foreign(path: Path) -> dict:
    """Read a checkpoint of PyTorch, ``.safetensors``, arrays of NumPy (``.npz``: weights of TensorFlow), or a folder of
    these.

    Returns:
        What it holds; the arrays of NumPy as tensors. Of a folder, what each file in it and below it holds.

    Raises:
        ConversionError: If the file is missing, cannot be read, or holds anything but weights and plain values.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob('*') if file.suffix in CHECKPOINTS)
        if not files:
            raise ConversionError(f'{path} has no file that ends in {", ".join(CHECKPOINTS)}.')
        return Folder((str(file.relative_to(path)), read_foreign(file)) for file in files)
    if not path.is_file():
        raise ConversionError(f'{path} does not exist.')
    try:
        if path.suffix == '.npz':
            with np.load(path, allow_pickle=False) as arrays:
                return {key: torch.from_numpy(arrays[key]) for key in arrays}
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file  # timm brings it

            return load_file(path)
        # Many training scripts save their arguments beside the weights: plain values under names, nothing that runs.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return read_checkpoint(str(path))
    except Exception as error:  # a broken archive raises nearly anything
        raise ConversionError(f'{path} cannot be read as a checkpoint: {error}') from None


def take_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """The state dict in a checkpoint, without the prefix 'module.' of distributed training.

    Args:
        checkpoint: What the file holds: a dict with one of :data:`PLACES`, or the state dict itself.

    Raises:
        ConversionError: If there are no tensors in that place, or it is a folder of files; says what was found.
    """
    if isinstance(checkpoint, Folder):
        raise ConversionError(f'One file is expected, but IN is a folder with {first_few(list(checkpoint))}: name it.')
    found = next((key for key in PLACES if key in checkpoint), None)
    state_dict = checkpoint if found is None else checkpoint[found]
    tensors = without_wrapper(state_dict) if isinstance(state_dict, Mapping) else {}
    if not tensors:
        place = f'under {found!r}' if found else f'at the top, nor any of {", ".join(map(repr, PLACES))}'
        holds = f'{found!r} is {_kind(state_dict)}' if found else f'the file is {_kind(checkpoint)}'
        raise ConversionError(f'the checkpoint has no weights {place}: {holds}')
    return tensors


def join_files(checkpoint: dict, parts: Mapping[str, str]) -> dict[str, Tensor]:
    """The weights of a system whose authors keep its parts in several files, in one state dict.

    Args:
        checkpoint: What a :class:`Folder` holds, see :func:`read_foreign`; or what one file holds, whose weights may
            have the prefixes already.
        parts: For each part a weight that only its file has, and the prefix that its weights get.

    Raises:
        ConversionError: If a file has no weights, or two have those of one part; names them. The weights of a file
            that is no part keep their names.
    """
    joined, origin = {}, {}
    for file, content in checkpoint.items() if isinstance(checkpoint, Folder) else [('IN', checkpoint)]:
        try:
            weights = take_state_dict(content)
        except ConversionError as error:
            raise ConversionError(f'{file}: {error}') from None
        prefix = next((prefix for weight, prefix in parts.items() if weight in weights), '')
        if prefix in origin:
            reason = f'both hold the weights {prefix}*: leave one in the folder' if prefix else 'are of another system'
            raise ConversionError(f'{origin[prefix]} and {file} {reason}')
        origin[prefix] = file
        joined |= {prefix + key: value for key, value in weights.items()}
    return joined


def _kind(value: object) -> str:
    if not isinstance(value, Mapping):
        return f'of type {type(value).__name__}'
    return f'a dict of {first_few(list(map(repr, value)))}' if value else 'an empty dict'


def model_of(config: Path) -> ConfigDict:
    """The model of a config.

    Raises:
        ConversionError: If there is no such config, or it has no model.
    """
    try:
        return Config.fromfile(config).model
    except (OSError, SyntaxError, AttributeError) as error:
        raise ConversionError(f'{config} is no config of a model: {error}') from None


def build_target(config: Path) -> dict[str, Tensor]:
    """State dict of the config's model, without loading pretrained weights.

    Raises:
        ConversionError: If there is no such config, or it has no model.
    """
    init_default_scope('mmseg')
    return MODELS.build(model_of(config)).state_dict()


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

    Raises:
        ConversionError: As :func:`write_checkpoint`.
    """
    weights = OrderedDict(state_dict)
    weights._metadata = copy.deepcopy(target._metadata)
    meta = dict(converted_from=source.name, dataset_meta=dict(classes=CLASSES, palette=PALETTE))
    write_checkpoint(weights, meta, source, path)


def write_checkpoint(state_dict: Mapping[str, Tensor], meta: dict, source: Path, path: Path) -> None:
    """Write weights and what is known about them, and say so.

    Raises:
        ConversionError: If there is no place for the file, or ``source``, which the weights are from, is there.
    """
    if path.exists() and path.samefile(source):
        raise ConversionError(f'{path} is the checkpoint that is converted: it would be lost')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # PyTorch itself opens no hidden file without an ending.
        with written_aside(path) as temporary, temporary.open('wb') as file:
            torch.save(dict(meta=meta, state_dict=state_dict), file)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise ConversionError(f'{path} cannot be written: {error}') from None
    print(f'{len(state_dict)} parameters and buffers written to {path}')
