"""Convolution with fewer multiplications, for wide feature maps on a CPU (Winograd's minimal filtering).

A tile of m x m outputs of a k x k convolution takes ``(m + k - 1)^2`` multiplications a pair of channels in place of
``m^2 k^2``: with m = 4 that is 4 a pixel in place of 25 for a 5x5 kernel, and 2.25 in place of 9 for a 3x3 kernel.
Around them stand transforms that cost nothing a pair of channels:

``y = A^T [sum_c (G g_c G^T) * (B^T d_c B)] A``

for an input tile d of ``n x n``, n = m + k - 1, and a kernel g. In single precision the result is off by 1 to 4e-6 of
its standard deviation, direct convolution by 4e-7.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_TILE = 4
# Where the polynomials of Toom-Cook's construction are evaluated; the last point is infinity. Small numbers and their
# inverses keep the rounding errors small.
_POINTS = (0, 1, -1, 2, -2, 0.5, -0.5)
# Numbers in a block of transformed tiles or kernels, 8 MiB: near the caches, and within what malloc uses again.
_BLOCK = 2**21
# Measured: from here on 1.3 to 2.5 times as fast as oneDNN's direct convolution, training 1.6 to 3 times.
_MIN_CHANNELS, _MIN_NUMBERS = 128, 2**18


def wide_conv2d(x: Tensor, kernel: Tensor) -> Tensor:
    """``F.conv2d(x, kernel, padding=k // 2)``, by Winograd's way where that was measured to be faster.

    That is for wide feature maps in single or double precision on a CPU, kernels of 3x3 and 5x5. cuDNN chooses for
    itself; autocast, compilers and exporters see an ordinary convolution.

    Args:
        x (Tensor): Features ``(B, C, H, W)``.
        kernel (Tensor): ``(C', C, k, k)`` of an odd size k.

    Returns:
        Tensor: ``(B, C', H, W)``.
    """
    if _pays(x, kernel):
        return winograd_conv2d(x, kernel)
    return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2)


def _pays(x: Tensor, kernel: Tensor) -> bool:
    # The order matters: a size that is traced or compiled must not be compared.
    return (
        x.device.type == 'cpu'
        and not (torch.jit.is_tracing() or torch.compiler.is_compiling())
        and x.dtype == kernel.dtype in (torch.float32, torch.float64)
        and not torch.is_autocast_enabled('cpu')
        and kernel.shape[-1] in (3, 5)
        and min(kernel.shape[:2]) >= _MIN_CHANNELS
        and x.numel() >= _MIN_NUMBERS
    )


def winograd_conv2d(x: Tensor, kernel: Tensor) -> Tensor:
    """``F.conv2d(x, kernel, padding=k // 2)`` to rounding, with gradients.

    Args:
        x (Tensor): Features ``(B, C, H, W)``; fastest with channels last in memory.
        kernel (Tensor): ``(C', C, k, k)``, k = 3 or 5, of the type of x, fp32 or fp64.

    Returns:
        Tensor: ``(B, C', H, W)``, channels last in memory.
    """
    return _WinogradConv2d.apply(x, kernel)


class _WinogradConv2d(torch.autograd.Function):
    """Keeps its inputs only, and transforms them again for the gradients: the transforms are several times as large."""

    @staticmethod
    def forward(ctx, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernel)
        return _convolve(x, kernel)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, kernel = ctx.saved_tensors
        grad_x = _convolve(grad, kernel.flip(2, 3).transpose(0, 1)) if ctx.needs_input_grad[0] else None
        grad_kernel = _kernel_gradient(x, grad, kernel.shape[-1]) if ctx.needs_input_grad[1] else None
        return grad_x, grad_kernel


def _convolve(x: Tensor, kernel: Tensor) -> Tensor:
    A, G, B = _matrices(kernel.shape[-1], x.dtype)
    images, rows, columns = _grid(x)
    y = x.new_empty(images, rows * _TILE, columns * _TILE, len(kernel))
    padded = _pad(x, len(B))
    here, outputs = list(_blocks(x, len(B))), _output_blocks(kernel, len(B))

    def product(tiles: Tensor, block: tuple[slice, slice], transformed: Tensor, channels: slice) -> None:
        tiles = _transform((tiles @ transformed.transpose(1, 2)).unflatten(0, (len(B), len(B))), A.T)
        part = y[block[0], block[1].start * _TILE : block[1].stop * _TILE, :, channels]
        grid = (len(part), part.shape[1] // _TILE, columns)
        part.unflatten(2, (columns, _TILE)).unflatten(1, (grid[1], _TILE)).copy_(
            tiles.view(_TILE, _TILE, *grid, -1).permute(2, 3, 0, 4, 1, 5)
        )

    # What is smaller when transformed is kept, the other made block by block.
    if len(outputs) <= len(here):
        kernels = [_transform(kernel[channels].permute(2, 3, 0, 1), G) for channels in outputs]
        for block in here:
            tiles = _split(padded, block, B)
            for channels, transformed in zip(outputs, kernels):
                product(tiles, block, transformed, channels)
    else:
        inputs = [_split(padded, block, B) for block in here]
        for channels in outputs:
            transformed = _transform(kernel[channels].permute(2, 3, 0, 1), G)
            for block, tiles in zip(here, inputs):
                product(tiles, block, transformed, channels)
    return y[:, : x.shape[2], : x.shape[3]].permute(0, 3, 1, 2)


def _kernel_gradient(x: Tensor, grad: Tensor, size: int) -> Tensor:
    """The gradient ``(C', C, k, k)`` of the kernel: each of the three transforms transposed."""
    A, G, B = _matrices(size, x.dtype)
    padded, padded_grad = _pad(x, len(B)), _pad(grad, _TILE)
    product = x.new_zeros(len(B) ** 2, grad.shape[1], x.shape[1])
    for block in _blocks(x, len(B)):
        product.baddbmm_(_split(padded_grad, block, A.T).transpose(1, 2), _split(padded, block, B))
    kernel = _transform(product.unflatten(0, (len(B), len(B))), G.T)
    return kernel.unflatten(0, (size, size)).permute(2, 3, 0, 1)


def _transform(tiles: Tensor, matrix: Tensor) -> Tensor:
    """``matrix @ tile @ matrix^T`` of tiles ``(k, k, ...)``, ``(n n, ...)``."""
    rest = tiles.shape[2:]
    rows = matrix @ tiles.reshape(len(tiles), -1)
    return (matrix @ rows.unflatten(1, (matrix.shape[1], -1))).reshape(-1, *rest)


def _grid(x: Tensor) -> tuple[int, int, int]:
    """Number of images and of tiles over height and width."""
    return len(x), -(-x.shape[2] // _TILE), -(-x.shape[3] // _TILE)


def _blocks(x: Tensor, size: int) -> Iterator[tuple[slice, slice]]:
    """Images and rows of tiles of ``size`` that make a block: some images, or some rows of one."""
    images, rows, columns = _grid(x)
    fit = max(1, _BLOCK // (columns * x.shape[1] * size**2))
    if fit >= rows:
        starts = range(0, images, fit // rows)
        yield from ((slice(first, min(first + fit // rows, images)), slice(0, rows)) for first in starts)
    else:
        for image in range(images):
            for first in range(0, rows, fit):
                yield slice(image, image + 1), slice(first, min(first + fit, rows))


def _output_blocks(kernel: Tensor, size: int) -> list[slice]:
    """Output channels whose transformed kernels make a block."""
    fit = max(1, _BLOCK // (kernel.shape[1] * size**2))
    return [slice(first, min(first + fit, len(kernel))) for first in range(0, len(kernel), fit)]


def _pad(x: Tensor, size: int) -> Tensor:
    """Channels last ``(B, H', W', C)``, zeros around for tiles of ``size`` every m pixels."""
    _, rows, columns = _grid(x)
    margin = (size - _TILE) // 2
    bottom, right = rows * _TILE - x.shape[2] + margin, columns * _TILE - x.shape[3] + margin
    return F.pad(x.permute(0, 2, 3, 1), (0, 0, margin, right, margin, bottom))


def _split(padded: Tensor, block: tuple[slice, slice], matrix: Tensor) -> Tensor:
    """``matrix^T tile matrix`` of the tiles of a block, which may overlap, ``(n n, tiles, C)``."""
    images, rows = block
    size, channels = len(matrix), padded.shape[-1]
    band = padded[images, rows.start * _TILE : (rows.stop - 1) * _TILE + size]
    # First the rows of the tiles, which overlap in one direction only.
    strips = band.unfold(1, size, _TILE).movedim(-1, 0)  # (size, B, h, W', C)
    strips = (matrix.T @ strips.reshape(size, -1)).unflatten(1, strips.shape[1:])
    tiles = strips.unfold(3, size, _TILE).movedim(-1, 1)  # (n, size, B, h, w, C)
    return (matrix.T @ tiles.reshape(len(tiles), size, -1)).view(-1, tiles[0, 0].numel() // channels, channels)


@cache
def _matrices(size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """A ``(n, m)``, G ``(n, k)`` and B ``(n, n)`` for a kernel of ``size``.

    Convolution multiplies polynomials: their values at n points, ``A y`` and ``G g``, multiplied point by point, are
    interpolated by the inverse of the Vandermonde matrix. Transposed, that is a correlation of g with ``B^T d``.
    """
    n = _TILE + size - 1
    points = np.array(_POINTS[: n - 1])

    def values(length: int) -> np.ndarray:
        return np.vstack([points[:, None] ** np.arange(length), np.eye(length)[-1]])

    matrices = values(_TILE), values(size), np.linalg.inv(values(n))
    return tuple(torch.from_numpy(matrix).to(dtype) for matrix in matrices)
