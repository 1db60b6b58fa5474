"""Activation checkpointing: less memory for more time."""

from collections.abc import Callable

import torch
from torch.utils.checkpoint import checkpoint


def recompute(with_cp: bool, function: Callable, *args):
    """``function(*args)``; with ``with_cp`` its intermediate results are not kept, but computed again for the gradient.

    Args:
        with_cp: OpenMMLab's name for activation checkpointing.
        function: Without batch norm, which would count a batch twice.
        *args: Its arguments.

    Returns:
        What the function returns.
    """
    if with_cp and torch.is_grad_enabled():
        return checkpoint(function, *args, use_reentrant=False)
    return function(*args)
