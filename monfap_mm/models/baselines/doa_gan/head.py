"""The head of DOA-GAN's generator: dual-order attention, mask and detection."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn
from torchvision.models.segmentation.deeplabv3 import ASPP

from .affinity import Affinity, largest_matches, propagate


class DOAOutput(NamedTuple):
    """What the head computes for a batch.

    Attributes:
        mask_logits: ``(B, num_classes, grid, grid)``.
        cls_logit: Logit of P(fake), ``(B, 1)``.
    """

    mask_logits: Tensor
    cls_logit: Tensor


class Detection(BaseModule):
    """Two convolutions, mean and maximum over the cells, two linear layers.

    Args:
        in_channels: Channels of the features.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            *_conv_bn_relu(in_channels, 64, 1),
            *_conv_bn_relu(64, 64, 3),
        )
        self.linears = nn.Sequential(nn.Linear(128, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logit ``(B, 1)`` of features ``(B, C, H, W)``."""
        x = self.convs(x)
        return self.linears(torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1))


@MODELS.register_module()
class DOAHead(BaseModule):
    """Mask and image logit from three levels of features.

    Args:
        in_channels: Channels of the levels. Default: those of VGG-19 after its second to fourth pooling.
        num_classes: Channels of the mask: 1 (fake), or 3 (target, source, background). Default: 1.
        grid: Height and width, in cells, to which all levels are resized, whatever the image's size. Default: 40.
        matches: Largest affinities of a cell that count as first-order attention. Default: 20.
        channels: Channels C of an ASPP; the mask is of 2 C, C and C. Default: 256.
        mask_rates, forge_rates: Dilations of the two ASPPs. Defaults: (12, 24, 36) and (6, 12, 24).
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (128, 256, 512),
        num_classes: int = 1,
        grid: int = 40,
        matches: int = 20,
        channels: int = 256,
        mask_rates: Sequence[int] = (12, 24, 36),
        forge_rates: Sequence[int] = (6, 12, 24),
    ) -> None:
        super().__init__()
        self.grid, self.matches = grid, matches
        self.affinity = Affinity(grid)
        self.gate = nn.Sequential(
            *_conv_bn_relu(matches, 16, 3),
            *_conv_bn_relu(16, 16, 3),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.Conv2d(16, 1, 1),
            nn.Sigmoid(),
        )
        self.aspp_mask = ASPP(sum(in_channels), mask_rates, channels)
        self.aspp_forge = ASPP(sum(in_channels), forge_rates, channels)
        self.dropout = nn.Dropout2d(0.6)
        width = 4 * channels + matches
        self.mask = nn.Sequential(
            *_conv_bn_relu(width, 2 * channels, 1),
            *_conv_bn_relu(2 * channels, channels, 3),
            *_conv_bn_relu(channels, channels, 3),
            nn.Conv2d(channels, num_classes, 1),
        )
        self.detection = Detection(width)

    def init_weights(self) -> None:
        """Kaiming's for convolutions and linear layers, but PyTorch's own in the ASPPs; norms near 1."""
        for part in (self.gate, self.mask, self.detection):
            for module in part.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    nn.init.kaiming_normal_(module.weight)
                elif isinstance(module, nn.BatchNorm2d):
                    nn.init.normal_(module.weight, 1.0, 0.02)
        self._is_init = True

    def forward(self, feats: Sequence[Tensor]) -> DOAOutput:
        """Logits of features ``(B, C_i, H_i, W_i)``."""
        z = self.attend(feats)
        return DOAOutput(self.mask(z), self.detection(z))

    def attend(self, feats: Sequence[Tensor]) -> Tensor:
        """Features of both orders, ``(B, 4 C + matches, grid, grid)``."""
        size = (self.grid, self.grid)
        x = torch.cat([resize(feat, size, mode='bilinear', align_corners=True, warning=False) for feat in feats], dim=1)
        affinity = self.affinity(x)
        values = largest_matches(affinity, self.matches)
        with torch.autocast(x.device.type, enabled=False):
            gate = self.gate(values)
        parts = []
        for aspp in (self.aspp_mask, self.aspp_forge):
            gated = self.dropout(aspp(x)) * gate
            parts += [gated, self.dropout(propagate(gated, affinity))]
        return torch.cat([*parts, values], dim=1)


def _conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
    return conv, nn.BatchNorm2d(out_channels), nn.ReLU()
