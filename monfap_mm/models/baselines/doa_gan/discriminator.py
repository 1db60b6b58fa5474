"""The discriminator: our inference of DOA-GAN's, whose authors have published the generator only."""

from itertools import pairwise

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class DOADiscriminator(BaseModule):
    """PatchGAN of five convolutions, after an earlier repository of the first author.

    Args:
        mask_channels: Channels of the mask. Default: 1.
        base_channels: Channels of the first convolution; the next three have two, four and eight times as many.
            Default: 64.
    """

    def __init__(self, mask_channels: int = 1, base_channels: int = 64) -> None:
        super().__init__(init_cfg=dict(type='Normal', layer='Conv2d', std=0.02))
        widths = [base_channels * factor for factor in (1, 2, 4, 8)]
        layers = [nn.Conv2d(mask_channels + 3, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for before, after in pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1),
                nn.InstanceNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
        last = nn.Conv2d(widths[-1], 1, 4, padding=1, bias=False)
        self.layers = nn.Sequential(*layers, nn.ZeroPad2d((1, 0, 1, 0)), last)

    def forward(self, mask: Tensor, images: Tensor) -> Tensor:
        """Logits ``(B, 1, H/16, W/16)`` of a true mask.

        Args:
            mask: Probabilities ``(B, C, H, W)``, of fake or of all classes.
            images: As the generator takes them, ``(B, 3, H, W)``; sides of at least 32.
        """
        return self.layers(torch.cat([mask, images], dim=1))
