"""A config and a checkpoint to a model that is ready to answer."""

import os
import re
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from ..utils.state_dicts import compare_state_dicts, weights_of, without_wrapper
from ..utils.windows import MODES, default_stride
from .model_zoo import find_model


def load_config(model: str | os.PathLike | Config, mode: str | None) -> tuple[Config, str | None]:
    """Read a config, and set how it treats large pictures.

    Args:
        model: Path of a config, a name that the package knows, or a config.
        mode: 'whole', 'slide', or None for what the config says.

    Returns:
        The config, a copy, and the weights that the package knows for it, if any.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the mode is unknown, or the config does not tell the size of a window.
    """
    if mode not in (None, *MODES):
        raise ValueError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
    if isinstance(model, Config):
        cfg, weights = Config(model.to_dict()), None
    else:
        path, weights = find_model(os.fspath(model))
        cfg = Config.fromfile(path)
    test_cfg = dict(mode='whole') | dict(cfg.model.get('test_cfg') or {})
    if mode is not None:
        test_cfg['mode'] = mode
    if mode == 'slide':
        if 'crop_size' not in test_cfg:
            test_cfg['crop_size'] = _window_size(cfg)
        test_cfg.setdefault('stride', default_stride(test_cfg['crop_size']))
    cfg.model.test_cfg = test_cfg
    return cfg, weights


def pipeline_without_loading(cfg: Config, mode: str | None) -> list[dict]:
    """The transforms of the test pipeline, for pictures that are loaded already and have no annotations.

    Args:
        cfg: The config.
        mode: With 'slide', ``Resize`` is left out too: windows are taken at full resolution.
    """
    left_out = {'LoadForgeryImage', 'LoadImageFromFile', 'LoadForgeryAnnotations', 'LoadAnnotations', 'FreezeMask'}
    if mode == 'slide':
        left_out.add('Resize')
    return [step for step in _test_pipeline(cfg) if type_name(step) not in left_out]


def build_model(cfg: Config, weights: str, device: str) -> nn.Module:
    """Build the model and give it the weights of a checkpoint.

    Args:
        cfg: The config.
        weights: Path of a checkpoint, or an address.
        device: 'cpu', 'cuda', 'cuda:1'...

    Returns:
        The model on the device, in evaluation mode, and in its inference form if it has one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds anything but weights and plain values, or the weights of another model.
    """
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    checkpoint = read_checkpoint(weights)
    state_dict = weights_of(checkpoint)
    problems = compare_state_dicts(model.state_dict(), state_dict)
    if problems:
        raise ValueError('\n'.join([f'{weights} does not fit the model. {hint_of_origin(checkpoint)}', *problems]))
    model.load_state_dict(without_wrapper(state_dict))
    model.to(device)
    model.eval()
    return model.to_inference() if hasattr(model, 'to_inference') else model


def hint_of_origin(checkpoint: dict) -> str:
    """What a checkpoint that does not fit may be, in a sentence for people."""
    if 'meta' in checkpoint:
        return 'Is it a checkpoint of another model or config?'
    return (
        'Is it of other code than this? tools/model_converters/official2mm.py converts checkpoints of the authors, '
        'peers2mm.py those of the other systems.'
    )


def read_checkpoint(weights: str) -> dict:
    """Read a checkpoint; nothing in it is executed.

    Args:
        weights: Path or address.

    Returns:
        What it holds, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or holds anything but weights and plain values.
    """
    try:
        if '://' in weights:
            checkpoint = torch.hub.load_state_dict_from_url(weights, map_location='cpu', weights_only=True)
        else:
            checkpoint = torch.load(weights, map_location='cpu', weights_only=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'there is no checkpoint {weights} (looked in {Path.cwd()})') from error
    except OSError as error:
        raise ValueError(f'{weights} cannot be read: {error.strerror or error}') from error
    except Exception as error:  # a broken checkpoint raises nearly anything
        # PyTorch's own words advise to load it all the same.
        found = re.search(r'\bGLOBAL (\S+)', str(error))
        reason = f'it holds {found[1]}, which could run code' if found else 'it is no checkpoint, or damaged'
        raise ValueError(f'{weights} is refused: {reason}') from None
    if not isinstance(checkpoint, dict):
        raise ValueError(f'{weights} is no checkpoint: it holds a {type(checkpoint).__name__}')
    return checkpoint


def _test_pipeline(cfg: Config) -> list[dict]:
    """What ``tools/test.py`` uses; else, in a config without test data, the pipeline of that name."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    pipeline = dataset.get('pipeline') or cfg.get('test_pipeline')
    if pipeline is None:
        raise ValueError('the config has neither test_dataloader.dataset.pipeline nor test_pipeline')
    return pipeline


def type_name(step: dict) -> str:
    """Name of what a config builds, without its scope."""
    return getattr(step['type'], '__name__', step['type']).rpartition('.')[2]


def _window_size(cfg: Config) -> tuple[int, int]:
    """Height and width of the pictures that the model was trained on."""
    for step in _test_pipeline(cfg):
        if type_name(step) == 'Resize' and 'scale' in step:
            scale = step['scale']
            return (scale, scale) if isinstance(scale, int) else tuple(scale[::-1])
    size = (cfg.model.get('data_preprocessor') or {}).get('size')
    if size is None:
        raise ValueError("mode='slide' needs the size of a window: set model.test_cfg.crop_size in the config")
    return tuple(size)
