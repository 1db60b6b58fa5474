"""A picture beside the quantized coefficients of its JPEG file, as one array whose pixels are those of the 8x8 grid.

Channels (H, W, 5), int32, with sides that are multiples of 8:

- :data:`PIXELS`: BGR, 0 to 255; -1 where the grid reaches beyond the picture (at the right and below).
- :data:`COEFFICIENT`: quantized DCT coefficients of the luma, each block in natural order (row = vertical frequency,
  DC at the top left), with their signs.
- :data:`STEP`: the quantization step of that coefficient: the table, repeated over all blocks.

Any part whose edges lie on the grid is such an array again, so crops and windows need no more care than that.
"""

import numpy as np

BLOCK = 8
PIXELS, COEFFICIENT, STEP = slice(0, 3), 3, 4
CHANNELS = 5
OUTSIDE = -1


def to_grid(pixels: np.ndarray, coefficients: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Put a picture and its coefficients together.

    Args:
        pixels: Stored pixels (H, W, 3), uint8, BGR.
        coefficients: (8 * ceil(H / 8), 8 * ceil(W / 8)).
        table: Quantization table (8, 8).

    Returns:
        Array of the size of the coefficients, see above.
    """
    height, width = coefficients.shape
    grid = np.full((height, width, CHANNELS), OUTSIDE, np.int32)
    grid[: pixels.shape[0], : pixels.shape[1], PIXELS] = pixels
    grid[..., COEFFICIENT] = coefficients
    grid[..., STEP] = np.tile(table, (height // BLOCK, width // BLOCK))
    return grid


def mirrored(grid: np.ndarray, axis: int = 1) -> np.ndarray:
    """The picture flipped along an axis: blocks change places, and odd frequencies of that axis their signs."""
    grid = grid.swapaxes(axis, 1)
    flipped = grid[:, ::-1].copy()
    height, width = grid.shape[:2]
    for channel, signs in ((COEFFICIENT, (-1) ** np.arange(BLOCK)), (STEP, 1)):
        blocks = grid[..., channel].reshape(height, -1, BLOCK)
        flipped[..., channel] = (blocks[:, ::-1] * signs).reshape(height, width)
    return np.ascontiguousarray(flipped.swapaxes(axis, 1))


def cut(grid: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """A part that begins at multiples of 8. What lies beyond the grid is no picture and has coefficients of 0.

    Args:
        grid: See above.
        top: First row.
        left: First column.
        height: Rows of the part, a multiple of 8.
        width: Its columns, likewise.
    """
    part = to_grid(np.empty((0, 0, 3)), np.zeros((height, width)), grid[:BLOCK, :BLOCK, STEP])
    inside = grid[top : top + height, left : left + width]
    part[: inside.shape[0], : inside.shape[1]] = inside
    return part
