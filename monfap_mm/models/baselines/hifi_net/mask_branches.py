"""The two mask branches of HiFi-Net: that of the full model, and that of its localization variant."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import OptConfigType
from torch import Tensor, nn

from ...layers.memory_order_attention import MemoryOrderAttention


@MODELS.register_module()
class HiFiMaskBranch(BaseModule):
    """Mask of the full model: attention on the finest features, then two convolutions.

    Args:
        in_channels: Channels of the four levels, of which the finest is used.
    """

    def __init__(self, in_channels: Sequence[int]) -> None:
        super().__init__()
        self.fine_channels = self.feature_channels = in_channels[0]
        self.attention = MemoryOrderAttention(self.fine_channels)
        self.mask = nn.Sequential(
            nn.Conv2d(self.fine_channels, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1)
        )

    def forward(self, feats: Sequence[Tensor], images: Tensor) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """Compute the mask.

        Args:
            feats: ``(B, C_i, H / 2^i, W / 2^i)``.
            images: ``(B, 3, H, W)``.

        Returns:
            Features and images for the class branches, mask features ``(B, C_0, H, W)``, mask logits ``(B, 1, H, W)``.
        """
        features = self.attention(feats[0])
        return list(feats), images, features, self.mask(features)


@MODELS.register_module()
class HiFiFPNMaskBranch(BaseModule):
    """Mask of the localization variant: a feature pyramid before the attention, at a fixed size.

    Args:
        in_channels: Channels of the four levels.
        channels: Width of the pyramid. Default: 64.
        size: Height and width, in pixels, to which images and features are resized; a multiple of 8. Default: 256.
        norm_cfg: Norm of the pyramid. Default: None, which is BN.
    """

    feature_channels = 18

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int = 64,
        size: int = 256,
        norm_cfg: OptConfigType = None,
    ) -> None:
        super().__init__()
        self.size, self.fine_channels = size, channels
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, channels, 1), nn.Conv2d(channels, channels, 3, padding=1))
            for width in in_channels
        )
        self.smooths = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, bias=False),
                build_norm_layer(norm_cfg or dict(type='BN'), channels)[1],
                nn.ReLU(),
            )
            for _ in in_channels
        )
        self.attention = MemoryOrderAttention(channels)
        self.squeeze = nn.Conv2d(channels, self.feature_channels, 3, padding=1)
        self.mask = nn.Conv2d(self.feature_channels, 1, 3, padding=1)

    def forward(self, feats: Sequence[Tensor], images: Tensor) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """As :meth:`HiFiMaskBranch.forward`; all results are of the fixed size, the mask features in [0, 1]."""
        feats = [self._resize(feat, self.size >> i) for i, feat in enumerate(feats)]
        fine = None
        for feat, lateral, smooth in reversed(list(zip(feats, self.laterals, self.smooths))):
            coarse, fine = fine, lateral(feat)
            if coarse is not None:
                fine = fine + F.interpolate(coarse, scale_factor=2, mode='nearest')
            fine = smooth(fine)
        squeezed = self.squeeze(self.attention(fine))
        feats = [fine, *feats[1:]]
        return feats, self._resize(images, self.size), torch.sigmoid(squeezed), self.mask(squeezed.relu())

    def _resize(self, maps: Tensor, size: int) -> Tensor:
        return resize(maps, size=(size, size), mode='bilinear', align_corners=True, warning=False)
