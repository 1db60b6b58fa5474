"""Position code of the pixels: random Fourier features."""

import torch
from mmengine.model import BaseModule
from torch import Tensor


class FourierPositionEncoding(BaseModule):
    """Random Fourier features of pixel centres (after SAM's prompt encoder).

    Args:
        channels (int): Width C of the code, even.

    Raises:
        ValueError: If channels is odd.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels % 2:
            raise ValueError(f'A sine-cosine position code needs an even number of channels, but got {channels}.')
        self.register_buffer('frequencies', torch.randn(2, channels // 2))
        self._keep_last = False
        self._last_key, self._last_code = None, None

    def to_inference(self) -> None:
        """From now on the frequencies are constant: keep the code of the last size and give it again.

        One size is enough: the images of a test set, and the windows of an image, are of one size as a rule, and
        images of many sizes do not fill the memory.
        """
        self._keep_last = True

    def forward(self, height: int, width: int) -> Tensor:
        """The code of a grid of ``height * width`` pixels in row-major order, ``(H * W, C)``, in [-1, 1]."""
        # A graph that is being recorded must compute the code, or it would hold for this one size only.
        if not self._keep_last or torch.jit.is_tracing() or torch.compiler.is_compiling():
            return self._code(height, width)
        key = (height, width, self.frequencies.device, self.frequencies.dtype)
        if key != self._last_key:
            self._last_key, self._last_code = key, self._code(height, width)
        return self._last_code

    def _code(self, height: int, width: int) -> Tensor:
        frequencies = self.frequencies
        y = (torch.arange(height, device=frequencies.device, dtype=frequencies.dtype) + 0.5) / height
        x = (torch.arange(width, device=frequencies.device, dtype=frequencies.dtype) + 0.5) / width
        # The phase is a sum of a row part and a column part, so the product with the matrix is taken once a line.
        phase_x = (2 * x - 1)[:, None] * frequencies[0]
        phase_y = (2 * y - 1)[:, None] * frequencies[1]
        phase = 2 * torch.pi * (phase_y[:, None] + phase_x[None]).flatten(0, 1)
        return torch.cat([phase.sin(), phase.cos()], dim=-1)
