"""TensorFlow's padding 'SAME' without a look at the size of the image."""

from torch import Tensor, nn


class EndAlignedConv(nn.Module):
    """timm's ``Conv2dSame`` of stride 2 as a graph can hold it, for any size.

    'SAME' pads k - 1 pixels around an odd side and k - 2 around an even one, the odd pixel at the end. So the windows
    keep their places as seen from the end of the image, with (k - 1) / 2 pixels behind it: mirrored, this is a
    convolution with a fixed padding.

    Args:
        conv: A ``Conv2dSame`` of stride 2 and odd kernel, see :func:`is_same_conv`.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            stride=conv.stride,
            padding=tuple(size // 2 for size in conv.kernel_size),
            groups=conv.groups,
            bias=conv.bias is not None,
        )
        self.conv.weight = nn.Parameter(conv.weight.detach().flip(2, 3))
        self.conv.bias = conv.bias

    def forward(self, image: Tensor) -> Tensor:
        """Maps ``(B, D, ceil(H / 2), ceil(W / 2))`` of ``(B, C, H, W)``."""
        return self.conv(image.flip(2, 3)).flip(2, 3)


def is_same_conv(module: nn.Module) -> bool:
    """Whether :class:`EndAlignedConv` can stand for it; by name, since timm may be missing."""
    return (
        type(module).__name__ == 'Conv2dSame'
        and module.stride == (2, 2)
        and module.dilation == (1, 1)
        and all(size % 2 for size in module.kernel_size)
    )
