"""Position code of the pixels: random Fourier features."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from ..ops import Foldable


class FourierPositionEncoding(Foldable, BaseModule):
    """Random Fourier features of pixel centers (after SAM's prompt encoder).

    Args:
        channels: Width C of the code, even.

    Raises:
        ValueError: If channels is odd.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels % 2:
            raise ValueError(f'A sine-cosine position code needs an even number of channels, but got {channels}.')
        self.register_buffer('frequencies', torch.randn(2, channels // 2))

    def inference_form(self) -> 'KeptPositionEncoding':
        """With constant frequencies, so that the code of a size can be kept."""
        return KeptPositionEncoding(self.frequencies)

    def forward(self, height: int, width: int) -> Tensor:
        """The code of a grid of ``height * width`` pixels in row-major order, ``(H * W, C)``, in [-1, 1]."""
        frequencies = self.frequencies
        y = (torch.arange(height, device=frequencies.device, dtype=frequencies.dtype) + 0.5) / height
        x = (torch.arange(width, device=frequencies.device, dtype=frequencies.dtype) + 0.5) / width
        # The phase is a sum of a row part and a column part, so the product with the matrix is taken once per line.
        phase_x = (2 * x - 1)[:, None] * frequencies[0]
        phase_y = (2 * y - 1)[:, None] * frequencies[1]
        phase = 2 * torch.pi * (phase_y[:, None] + phase_x[None]).flatten(0, 1)
        return torch.cat([phase.sin(), phase.cos()], dim=-1)


class KeptPositionEncoding(FourierPositionEncoding):
    """Keeps the code of the last size and gives it again: the inference form.

    One size is enough: the images of a test set, and the windows of an image, are of one size as a rule, and images of
    many sizes do not fill the memory.

    Args:
        frequencies: ``(2, C / 2)``.
    """

    def __init__(self, frequencies: Tensor) -> None:
        super().__init__(2 * frequencies.shape[1])
        self.frequencies = frequencies.clone()
        self._last_key: tuple | None = None
        self._last_code: Tensor | None = None

    def inference_form(self) -> 'KeptPositionEncoding':
        """Itself."""
        return self

    def forward(self, height: int, width: int) -> Tensor:
        """As :class:`FourierPositionEncoding`."""
        # A graph that is being recorded must compute the code, or it would hold for this one size only.
        if torch.jit.is_tracing() or torch.compiler.is_compiling():
            return super().forward(height, width)
        key = (height, width, self.frequencies.device, self.frequencies.dtype)
        if key != self._last_key:
            self._last_key, self._last_code = key, super().forward(height, width)
        return self._last_code
