"""ObjectFormer: Wang et al., "ObjectFormer for Image Manipulation Detection and Localization", CVPR 2022, as IMDL-BenCo
has rebuilt it on a ViT: the network behind the figures that Table V quotes.
"""

import torch.nn.functional as F
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from ...layers.targets import stack_masks
from ...segmentors.forgery_segmentor import ForgeryOutput, ForgerySegmentor


@MODELS.register_module()
class ObjectFormer(ForgerySegmentor):
    """Encoder of two streams and a mask; the image is as fake as its most fake pixel.

    Args:
        backbone: An :class:`ObjectFormerEncoder`. Images of another size than its own are resized to it.
        decode_head: An :class:`ObjectFormerHead`.
        ignore_index: Label of pixels that do not count. Default: 255.
        **kwargs: Further arguments of :class:`ForgerySegmentor`.
    """

    def __init__(self, backbone: ConfigType, decode_head: ConfigType, ignore_index: int = 255, **kwargs) -> None:
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.decode_head = MODELS.build(decode_head)
        self.ignore_index = ignore_index

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Map ``(B, 2 C, N/16, N/16)`` of images ``(B, 3, H, W)``."""
        size = (self.backbone.image_size,) * 2
        return self.backbone(resize(inputs, size=size, mode='bilinear', align_corners=False))

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 1, N, N)``."""
        return ForgeryOutput(self.decode_head(self.extract_feat(inputs)))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """``loss_mask``, the cross-entropy of the mask, for images ``(B, 3, H, W)`` with ``gt_sem_seg``."""
        masks = stack_masks(data_samples)
        logits = self.decode_head(self.extract_feat(inputs))
        logits = resize(logits, size=masks.shape[1:], mode='bilinear', align_corners=False)[:, 0].float()
        valid = masks != self.ignore_index
        loss = F.binary_cross_entropy_with_logits(logits, (masks == 1).float(), reduction='none')
        return dict(loss_mask=(loss * valid).sum() / valid.sum().clamp(min=1))
