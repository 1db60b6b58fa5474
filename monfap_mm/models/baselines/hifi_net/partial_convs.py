"""A small map of the pixels that the mask calls fake, for the finest class branch."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

WINDOW = 3 * 3 * 3


class PartialConvs(BaseModule):
    """Three 3x3 partial convolutions of stride 2 without padding, 3 -> 3 -> 3 -> 1 channels.

    A partial convolution divides by the sum S of the mask over its window of 27 entries, and gives 0 where S is 0.

    Args:
        trainable: As published (False) the factor 27 is missing, so that little more than the last bias is left, and
            the result is detached: the weights never learn. True (default) multiplies by 27 and trains them.
    """

    def __init__(self, trainable: bool = True) -> None:
        super().__init__()
        self.trainable = trainable
        self.convs = nn.ModuleList(nn.Conv2d(3, channels, 3, stride=2) for channels in (3, 3, 1))
        self.convs.requires_grad_(trainable)

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """Map ``(B, 1, h, w)`` of images ``(B, 3, H, W)`` under a mask ``(B, 1, H, W)`` in [0, 1]; H, W >= 15."""
        if not self.trainable:
            images, mask = images.detach(), mask.detach()
        x = images * mask
        for conv in self.convs:
            # The mask is the same in all three channels. Half precision cannot hold small sums.
            total = WINDOW * F.avg_pool2d(mask.float(), 3, stride=2)
            seen = total > 0
            gain = (WINDOW if self.trainable else 1) / total.masked_fill(~seen, 1)
            bias = conv.bias.view(1, -1, 1, 1)
            x = torch.where(seen, F.conv2d(x, conv.weight, stride=2).float() * gain + bias, 0)
            mask = seen.float()
        return x
