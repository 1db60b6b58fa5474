"""UP, which carries the pixels from one stage of FUP to the next finer one."""

from mmengine.model import BaseModule
from mmseg.models.utils import resize
from torch import Tensor, nn


class UpSampler(BaseModule):
    """1x1 conv to 4 C', LayerNorm, GELU, bilinear resize, 1x1 conv to C', LayerNorm, GELU.

    The second 1x1 convolution has no bias and commutes with the resize, so it runs first: on a quarter of the pixels,
    and the resize on a quarter of the channels. The result is the same to rounding.

    Args:
        in_channels: Channels C of the coarser stage.
        out_channels: Channels C' of the finer stage.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        hidden = 4 * out_channels
        self.expand = nn.Linear(in_channels, hidden, bias=False)
        self.norm1 = nn.LayerNorm(hidden, eps=1e-6)
        self.reduce = nn.Linear(hidden, out_channels, bias=False)
        self.norm2 = nn.LayerNorm(out_channels, eps=1e-6)
        self.act = nn.GELU()

    def forward(self, pixels: Tensor, size: tuple[int, int], new_size: tuple[int, int]) -> Tensor:
        """Resize pixels.

        Args:
            pixels: ``(B, H * W, C)`` in row-major order.
            size: Their ``(H, W)``.
            new_size: ``(H', W')`` of the finer stage.

        Returns:
            ``(B, H' * W', C')``.
        """
        pixels = self.reduce(self.act(self.norm1(self.expand(pixels))))
        image = pixels.unflatten(1, size).permute(0, 3, 1, 2)  # Channels last in memory, as resizing leaves it.
        image = resize(image, size=new_size, mode='bilinear', align_corners=False)
        return self.act(self.norm2(image.flatten(2).transpose(1, 2)))
