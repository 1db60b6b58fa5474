"""PSCC-Net: progressive spatio-channel correlation."""

from collections.abc import Sequence

import torch
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from ....media.limits import MAX_PIXELS_IN_ONE_PIECE
from ...layers.targets import image_labels, stack_masks
from ...segmentors import ForgeryOutput, ForgerySegmentor
from .detection_head import DetectionHead
from .losses import PSCCLoss
from .mask_head import ProgressiveMaskHead


@MODELS.register_module()
class PSCCNet(ForgerySegmentor):
    """A backbone at full resolution whose features, resized to a fixed size, go to a mask head and a detection head.

    Args:
        backbone: An mmseg backbone with four levels, each half as large as the one before.
        mask_head: Arguments of :class:`ProgressiveMaskHead`.
        detection_head: Arguments of :class:`DetectionHead`.
        crop_size: Height and width of the finest features in the heads; multiples of 8. Default: (256, 256).
        loss: Arguments of :class:`PSCCLoss`. Default: None.
        **kwargs: Further arguments of :class:`ForgerySegmentor`.

    Raises:
        ValueError: If 8 does not divide ``crop_size``.
    """

    # Maps at full resolution take about 3 KB per pixel, so this is 17 GB.
    max_pixels_in_one_piece = MAX_PIXELS_IN_ONE_PIECE // 3

    def __init__(
        self,
        backbone: ConfigType,
        mask_head: ConfigType,
        detection_head: ConfigType,
        crop_size: tuple[int, int] = (256, 256),
        loss: OptConfigType = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if any(side < 8 or side % 8 for side in crop_size):
            raise ValueError(f'crop_size must be multiples of 8, but got {tuple(crop_size)}.')
        self.crop_size = tuple(crop_size)
        self.backbone = MODELS.build(backbone)
        self.mask_head = ProgressiveMaskHead(**mask_head)
        self.detection_head = DetectionHead(**detection_head)
        self.supervision = PSCCLoss(**(loss or {}))

    @property
    def answer_settings(self) -> dict:
        """What shapes the answers, and no tensor of the weights tells."""
        return super().answer_settings | dict(published_order=self.mask_head.levels[0].published_order)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Features ``(B, C_i, h / 2^i, w / 2^i)`` at the crop size (h, w), of images ``(B, 3, H, W)`` in [0, 1]."""
        height, width = self.crop_size
        return [
            resize(feat, (height >> i, width >> i), mode='bilinear', align_corners=True, warning=False)
            for i, feat in enumerate(self.backbone(inputs))
        ]

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits of (real, fake) ``(B, 2, H, W)`` and image logits ``(B, 2)`` of images ``(B, 3, H, W)``."""
        feats = self.extract_feat(inputs)
        fake = self.mask_head(feats)[0].float()
        # The authors resize probabilities, of which these are the logarithms: their softmax is the same again.
        prob = torch.cat([(-fake).sigmoid(), fake.sigmoid()], dim=1)
        prob = resize(prob, inputs.shape[2:], mode='bilinear', align_corners=True, warning=False)
        return ForgeryOutput(prob.clamp(min=torch.finfo(prob.dtype).tiny).log(), self.detection_head(feats))

    def masks(self, inputs: Tensor) -> Sequence[Tensor]:
        """Mask logits of fake ``(B, 1, h / 2^i, w / 2^i)`` of all scales, the finest first."""
        return self.mask_head(self.extract_feat(inputs))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Losses of images ``(B, 3, H, W)`` with ``gt_sem_seg`` and ``gt_label``, see :class:`PSCCLoss`."""
        masks = stack_masks(data_samples)
        feats = self.extract_feat(inputs)
        return self.supervision(
            self.mask_head(feats), self.detection_head(feats), masks, image_labels(data_samples, masks)
        )
