"""HiFi-Net: Guo et al., "Hierarchical Fine-Grained Image Forgery Detection and Localization", CVPR 2023."""

import torch
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from ...segmentors.forgery_segmentor import ForgeryOutput, ForgerySegmentor


@MODELS.register_module()
class HiFiNet(ForgerySegmentor):
    """Feature extractor at full resolution, mask branch, and hierarchical classification.

    The image score is ``1 - P(real)`` of the finest level of classes.

    Args:
        backbone: A :class:`FENet`.
        decode_head: A :class:`HiFiHead`.
        **kwargs: Further arguments of :class:`ForgerySegmentor`.
    """

    min_size = 16  # three convolutions without padding
    size_divisor = 8

    def __init__(self, backbone: ConfigType, decode_head: ConfigType, **kwargs) -> None:
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.decode_head = MODELS.build(decode_head)

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features ``(B, C_i, H / 2^i, W / 2^i)`` of images ``(B, 3, H, W)`` in [0, 1]."""
        return self.backbone(inputs)

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 1, H, W)`` and image logits of (real, fake)."""
        output = self.decode_head(self.extract_feat(inputs), inputs)
        finest = output.levels[-1]
        # The softmax of these two is P(real) and 1 - P(real).
        cls_logits = torch.stack([finest[:, 0], finest[:, 1:].logsumexp(dim=1)], dim=1)
        return ForgeryOutput(output.mask_logits, cls_logits)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Losses of the head for images ``(B, 3, H, W)`` with ``gt_sem_seg`` and ``gt_label``."""
        return self.decode_head.loss(self.extract_feat(inputs), inputs, data_samples)
