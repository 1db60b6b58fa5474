"""Sums of convolutions of one image, with weights that differ from sample to sample."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

# Measured on CPU: one convolution per sample is 1.2 to 2.4 times as fast up to a ratio of 4, and slower at 31.
_MAX_KERNEL_TO_FEATURES = 8


def mixed_conv2d(x: Tensor, kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """``sum_n weights[b, n] * conv(x[b], kernels[n])``, where it pays as one convolution per sample.

    A convolution is linear in its kernel, so the kernels can be added first (smaller ones padded with zeros) and each
    sample convolved once with its own sum. That saves two of three convolutions and costs a kernel per sample, so it is
    done for a single sample, and for several while a kernel is not much larger than the features it is applied to.

    Args:
        x: Features ``(B, C, H, W)``.
        kernels: Kernels ``(C', C, k, k)`` of odd sizes k.
        weights: Weights ``(B, len(kernels))``.

    Returns:
        ``(B, C', H, W)``.
    """
    B, C, H, W = x.shape
    size = max(kernel.shape[-1] for kernel in kernels)
    # A graph that is exported must hold for any batch, which is the number of convolutions below.
    if (
        len(kernels) == 1
        or torch.compiler.is_exporting()
        or (B > 1 and size * size * C > _MAX_KERNEL_TO_FEATURES * H * W)
    ):
        return _sum_of_convs(x, kernels, weights)
    mixed = mix_kernels(kernels, weights).to(x.dtype)
    if x.device.type == 'cpu':
        # As fast as the groups below, and its result is channels last in memory.
        return torch.cat([F.conv2d(sample, own, padding=size // 2) for sample, own in zip(x.split(1), mixed)])
    y = F.conv2d(x.reshape(1, B * C, H, W), mixed.flatten(0, 1), padding=size // 2, groups=B)
    return y.view(B, -1, H, W)


def mix_kernels(kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """``sum_n weights[b, n] kernels[n]``, smaller kernels in the center of the largest.

    Args:
        kernels: Kernels ``(C', C, k, k)`` of odd sizes k.
        weights: Weights ``(B, len(kernels))``.

    Returns:
        ``(B, C', C, k, k)`` of the largest k.
    """
    first, *others = sorted(range(len(kernels)), key=lambda n: -kernels[n].shape[-1])
    weights = weights.to(kernels[first].dtype)[..., None, None, None, None]
    mixed = weights[:, first] * kernels[first]
    size = mixed.shape[-1]
    for n in others:
        margin = (size - kernels[n].shape[-1]) // 2
        mixed[..., margin : size - margin, margin : size - margin].addcmul_(kernels[n], weights[:, n])
    return mixed


def _sum_of_convs(x: Tensor, kernels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """:func:`mixed_conv2d` as it reads."""
    y = x.new_zeros(1)
    for kernel, weight in zip(kernels, weights.unbind(dim=1)):
        y = torch.addcmul(
            y, F.conv2d(x, kernel.to(x.dtype), padding=kernel.shape[-1] // 2), weight[:, None, None, None]
        )
    return y
