"""Affinity between the cells of a feature map, from which both orders of attention come."""

import math

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class Affinity(BaseModule):
    """Matrix L of how far cells match each other and nobody else: a cell copied from another one has one partner.

    L is the softmax of ``alpha A`` over its rows times that over its columns, where A is the cosine similarity of two
    cells, lowered between neighbors: ``1 - exp(-d^2 / (2 s^2))`` times, with their distance d in cells.

    Args:
        grid: Height and width of the map in cells. Default: 40.
        width: s as a share of the grid. Default: 0.05.
        alpha: Start of the learned factor. Default: 5.
    """

    def __init__(self, grid: int = 40, width: float = 0.05, alpha: float = 5.0) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(alpha))
        steps = torch.arange(grid, dtype=torch.float32)
        line = torch.exp(-((steps[:, None] - steps) ** 2) / (2 * (width * grid) ** 2))
        self.register_buffer('window', 1 - torch.kron(line, line), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """L ``(B, N, N)``, symmetric, in fp32, of features ``(B, C, grid, grid)`` with N = grid^2 cells row by row."""
        # Its entries start at 4e-7, which half precision cannot hold.
        with torch.autocast(x.device.type, enabled=False):
            cells = F.normalize(x.float().flatten(2), dim=1)
            similarity = cells.transpose(1, 2) @ cells * self.window
            rows = (self.alpha * similarity).softmax(dim=2)
            return rows * rows.transpose(1, 2)


def largest_matches(affinity: Tensor, count: int) -> Tensor:
    """The largest values of each cell in falling order, ``(B, count, grid, grid)``: first-order attention."""
    grid = math.isqrt(int(affinity.shape[1]))
    values = affinity.topk(count, dim=1).values
    return values.unflatten(2, (grid, grid))


def propagate(maps: Tensor, affinity: Tensor) -> Tensor:
    """Give each cell the features of its matches: second-order attention.

    Args:
        maps: ``(B, C, grid, grid)``.
        affinity: L, ``(B, N, N)``.

    Returns:
        ``F'_j = sum_i F_i L_ij / (sum_i L_ij + 1e-8)``, shaped as ``maps``.
    """
    with torch.autocast(maps.device.type, enabled=False):
        # The sum is divided by afterwards, so that no second matrix is kept.
        spread = maps.float().flatten(2) @ affinity / (affinity.sum(dim=1, keepdim=True) + 1e-8)
    return spread.view_as(maps).to(maps.dtype)
