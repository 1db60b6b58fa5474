"""Large images in strips: the same values, in less memory."""

from collections.abc import Callable

import torch
from torch import Tensor

# A strip is not narrower, or most of the work would be on its margins.
MIN_ROWS = 64


def in_strips(function: Callable[[Tensor], Tensor], x: Tensor, radius: int, max_pixels: int) -> Tensor:
    """Compute ``function(x)`` strip by strip.

    Args:
        function: From maps ``(B, C, H, W)`` to ``(B, C', H, W)``.
        x: The maps.
        radius: How many pixels away the function looks; strips have so many rows more on both sides.
        max_pixels: Pixels of all images of the batch that are computed at a time, about.
    """
    batch, _, height, width = x.shape
    rows = max(MIN_ROWS, max_pixels // (batch * width))
    if height <= rows:
        return function(x)
    output = None
    for top in range(0, height, rows):
        bottom, start = min(top + rows, height), max(top - radius, 0)
        strip = function(x[:, :, start : bottom + radius])[:, :, top - start : bottom - start]
        if output is None:
            output = strip.new_empty(batch, strip.shape[1], height, width)
        output[:, :, top:bottom] = strip
    return output


def pays(module: torch.nn.Module) -> bool:
    """Whether strips save memory: not for training, which keeps all maps; and an exported graph has no loop."""
    return not (module.training or torch.is_grad_enabled() or torch.compiler.is_exporting() or torch.jit.is_tracing())
