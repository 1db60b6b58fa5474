"""The authors' ObjectFormer: a Visual Parser on colors alone, three masks, and a classifier of its tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor, nn

from ...layers.targets import image_labels, stack_masks
from ...segmentors.forgery_segmentor import ForgeryOutput, ForgerySegmentor


class ViPHeadOutput(NamedTuple):
    """What the head computes for a batch.

    Attributes:
        mask_logits: Of each localizer, ``(B, 1, 4 h_i, 4 w_i)``.
        cls_logit: Logit of P(fake), ``(B, 1)``.
    """

    mask_logits: list[Tensor]
    cls_logit: Tensor


class Localizer(BaseModule):
    """Mask of one stage: convolutions between two enlargements.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in ((channels, channels), (channels, half), (half, half), (half, 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(B, 1, 4 h, 4 w)`` of features ``(B, C, h, w)``."""
        x = F.leaky_relu(self.convs[0](_double(x)), 0.2)
        x = F.leaky_relu(self.convs[1](x), 0.2)
        # As published, the activation is applied twice.
        x = F.leaky_relu(self.convs[2](_double(x)), 0.2 * 0.2)
        return self.convs[3](x)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=True)


@MODELS.register_module()
class ViPObjectFormerHead(BaseModule):
    """Masks of three stages, and the image logit of the tokens.

    Args:
        channels: Of the stages of the backbone. Default: 96, 192, 384, 768.
    """

    def __init__(self, channels: Sequence[int] = (96, 192, 384, 768)) -> None:
        super().__init__(dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02))
        self.localizers = nn.ModuleList(map(Localizer, channels[:-1]))
        self.classifier = nn.Linear(channels[-1], 1)

    def forward(self, feats: Sequence[Tensor], tokens: Tensor) -> ViPHeadOutput:
        """Logits of features ``(B, C_i, h_i, w_i)`` and tokens ``(B, T, C_3)``."""
        masks = [localizer(feat) for localizer, feat in zip(self.localizers, feats)]
        return ViPHeadOutput(masks, self.classifier(F.gelu(tokens).mean(dim=1)))


@MODELS.register_module()
class ViPObjectFormer(ForgerySegmentor):
    """Mask of the coarsest localizer; the image score is that of the classifier.

    Args:
        backbone: A :class:`ViP`.
        decode_head: A :class:`ViPObjectFormerHead`.
        ignore_index: Label of pixels that do not count. Default: 255.
        **kwargs: Further arguments of :class:`ForgerySegmentor`.
    """

    min_size = 32

    def __init__(self, backbone: ConfigType, decode_head: ConfigType, ignore_index: int = 255, **kwargs) -> None:
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.decode_head = MODELS.build(decode_head)
        self.ignore_index = ignore_index

    def extract_feat(self, inputs: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps of strides 4, 8, 16 and tokens ``(B, T, C)`` of images ``(B, 3, H, W)``."""
        return self.backbone(inputs)

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 1, H, W)`` and image logits of (real, fake) of images ``(B, 3, H, W)``."""
        output = self.decode_head(*self.extract_feat(inputs))
        cls_logits = torch.cat([torch.zeros_like(output.cls_logit), output.cls_logit], dim=1)
        return ForgeryOutput(_enlarge(output.mask_logits[-1], inputs.shape[2:]), cls_logits)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """``loss_cls``, and the Dice loss of each mask, for images ``(B, 3, H, W)``."""
        masks = stack_masks(data_samples)
        labels = image_labels(data_samples, masks).float()
        output = self.decode_head(*self.extract_feat(inputs))
        losses = dict(loss_cls=F.binary_cross_entropy_with_logits(output.cls_logit[:, 0].float(), labels))
        for i, logits in enumerate(output.mask_logits):
            logits = _enlarge(logits, masks.shape[1:])
            losses[f'loss_dice_{i}'] = dice_loss(logits[:, 0], masks, self.ignore_index)
        return losses


def _enlarge(mask_logits: Tensor, size: torch.Size) -> Tensor:
    return resize(mask_logits, size=size, mode='bilinear', align_corners=True, warning=False)


def dice_loss(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """``1 - (2 sum(p g) + 1) / (sum(p^2) + sum(g^2) + 1)``, with sums over the whole batch.

    Args:
        logits: ``(B, H, W)`` of P(fake).
        target: ``(B, H, W)`` of 0 (real), 1 (fake) or ignore_index.
        ignore_index: Label of pixels that do not count. Default: 255.
    """
    share = logits.float().sigmoid() * (target != ignore_index)
    fake = (target == 1).float()
    return 1 - (2 * (share * fake).sum() + 1) / (share.square().sum() + fake.sum() + 1)
