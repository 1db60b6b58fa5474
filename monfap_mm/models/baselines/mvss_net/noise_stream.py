"""The noise-sensitive stream of MVSS-Net: a second backbone sees what a Bayar convolution leaves of the grays."""

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.utils import ConfigType
from torch import Tensor

from ...layers.noise_extractors import BayarConv

_GRAY_OF_RGB = (0.2989, 0.5870, 0.1140)


class NoiseStream(BaseModule):
    """Grays, three Bayar filters, backbone.

    Args:
        backbone: An mmseg backbone; its last output is used.
        is_rgb: Whether the images have the channel order RGB; otherwise BGR.
    """

    def __init__(self, backbone: ConfigType, is_rgb: bool) -> None:
        super().__init__()
        gray = torch.tensor(_GRAY_OF_RGB if is_rgb else _GRAY_OF_RGB[::-1]).view(1, 3, 1, 1)
        self.register_buffer('gray', gray, persistent=False)
        self.constrained_conv = BayarConv(1, 3)
        # The authors divide the weights at the first forward pass: from then on a step of the optimizer counts for as
        # much as theirs.
        weight = self.constrained_conv.weight.data
        weight /= weight.sum(dim=-1, keepdim=True)
        self.backbone = MODELS.build(backbone)

    def forward(self, inputs: Tensor) -> Tensor:
        """The coarsest features ``(B, C, H/16, W/16)`` of normalized images ``(B, 3, H, W)``."""
        gray = (inputs * self.gray.to(inputs.dtype)).sum(dim=1, keepdim=True)
        return self.backbone(self.constrained_conv(gray))[-1]
