"""The high-frequency image that ObjectFormer sees beside the colors."""

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor


class HighFrequencies(BaseModule):
    """Cosine transform of an image, some coefficients set to zero, and back; all of it in matrices.

    Args:
        size: Height and width N of the images.
        as_published: Their transform is a DCT-II without its half-sample phase and unscaled, the way back inverts
            another transform (DCT-I), and coefficients of at most 0.5 are zeroed, which is nearly nothing. Default:
            False, an orthonormal DCT-II, the low frequencies (u + v < cutoff N) zeroed, and its inverse.
        cutoff: Share of the frequencies of an axis. Default: 1/8, our choice.
    """

    threshold = 0.5

    def __init__(self, size: int, as_published: bool = False, cutoff: float = 0.125) -> None:
        super().__init__()
        self.as_published = as_published
        forward, back = _published(size) if as_published else _orthonormal(size)
        self.register_buffer('transform', forward.float(), persistent=False)
        self.register_buffer('back', back.float(), persistent=False)
        order = torch.arange(size)
        self.register_buffer('is_high', order[:, None] + order >= cutoff * size, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, 3, N, N)``, normalized, to the same shape, in fp32."""
        with torch.autocast(images.device.type, enabled=False):
            spectrum = self.transform @ images.float() @ self.transform.T
            kept = spectrum.abs() > self.threshold if self.as_published else self.is_high
            return self.back @ (spectrum * kept) @ self.back.T


def _orthonormal(size: int) -> tuple[Tensor, Tensor]:
    """DCT-II and its inverse, ``(N, N)`` each."""
    k, n = torch.arange(size, dtype=torch.float64)[:, None], torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(math.pi * k * (n + 0.5) / size) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix, matrix.T


def _published(size: int) -> tuple[Tensor, Tensor]:
    """Real parts of Fourier transforms of mirrored signals, ``(N, N)`` each."""
    identity = torch.eye(size, dtype=torch.float64)
    mirrored = torch.cat([identity, identity.flip(0)])  # columns are signals
    forward = torch.fft.fft(mirrored, dim=0).real[:size]
    back = torch.fft.ifft(torch.cat([identity, identity[1:-1].flip(0)]), dim=0).real[:size]
    return forward, back
