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
    """

    def __init__(self, mask_channels: int = 1) -> None:
        super().__init__(init_cfg=dict(type='Normal', layer='Conv2d', std=0.02))
        layers = [nn.Conv2d(mask_channels + 3, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for before, after in pairwise((64, 128, 256, 512)):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1),
                nn.InstanceNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(512, 1, 4, padding=1, bias=False))

    def forward(self, mask: Tensor, images: Tensor) -> Tensor:
        """Logits ``(B, 1, H/16, W/16)`` of a true mask.

        Args:
            mask: Probabilities ``(B, C, H, W)``, of fake or of all classes.
            images: As the generator takes them, ``(B, 3, H, W)``; sides of at least 32.
        """
        return self.layers(torch.cat([mask, images], dim=1))
