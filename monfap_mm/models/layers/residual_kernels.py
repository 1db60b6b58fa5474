"""Fixed filters that leave the noise of an image: where learnable ones start."""

import torch

# SRM residual filters of Fridrich & Kodovsky: KB / 4, KV / 12, second-order horizontal / 2.
SRM_KERNELS = (
    torch.tensor([[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]]) / 4,
    torch.tensor([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])
    / 12,
    torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]) / 2,
)
# First-order differences to the pixel below, to the right, and below right.
HIGH_PASS_KERNELS = (
    torch.tensor([[0.0, 0, 0], [0, -1, 0], [0, 1, 0]]),
    torch.tensor([[0.0, 0, 0], [0, -1, 1], [0, 0, 0]]),
    torch.tensor([[0.0, 0, 0], [0, -1, 0], [0, 0, 1]]),
)
