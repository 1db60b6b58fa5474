"""Weights of the authors' TensorFlow code, as arrays by the names of their variables."""

import re

import torch
from torch import Tensor

from ....model_files.conversion import take_state_dict

# What the optimizer keeps, and a norm whose output the authors' code does not use.
UNUSED = re.compile(r'(/Adam(_1)?|/Momentum)$|^beta\d_power$|^global_step$|^(resnet_small/)?postnorm/')
# Applied in order to every name; the first column is a regular expression.
RENAMES = (
    (r'^resnet_small/block(\d)/unit_(\d)/bottleneck_v2/', lambda m: f'blocks.{int(m[1]) - 1}.{int(m[2]) - 1}.'),
    (r'conv(\d)/BatchNorm/', r'bn\1/'),
    (r'/gamma$', '.weight'),
    (r'/beta$', '.bias'),
    (r'/moving_mean$', '.running_mean'),
    (r'/moving_variance$', '.running_var'),
    (r'/weights$', '.weight'),
    (r'/biases$', '.bias'),
    (r'^bilinear_kernel(\d)$', lambda m: f'upsample{int(m[1]) + 1}.weight'),
)
FILTERS = tuple(f'root_filter{i}' for i in range(3))


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Our state dict from the variables of TensorFlow.

    Args:
        checkpoint: Arrays by name: kernels are (height, width, in, out), those of transposed convolutions
            (height, width, out, in).

    Returns:
        Kernels (out, in, height, width), those of transposed convolutions (in, out, height, width). A variable that is
        not known keeps its name.
    """
    variables = {
        name.removesuffix(':0'): value
        for name, value in take_state_dict(checkpoint).items()
        if not UNUSED.search(name.removesuffix(':0'))
    }
    state_dict = {}
    if all(name in variables for name in FILTERS):
        kernels = [variables.pop(name).permute(2, 3, 0, 1) for name in FILTERS]
        state_dict['prefilter.filters'] = torch.stack(kernels)
    for name, value in variables.items():
        key = _rename(name)
        state_dict[key] = value.permute(3, 2, 0, 1).contiguous() if value.dim() == 4 else value
        if key.endswith('.running_var'):
            state_dict[key.replace('running_var', 'num_batches_tracked')] = torch.tensor(0)
    return state_dict


def _rename(name: str) -> str:
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name)
    return name
