"""DOA-GAN: Islam et al., "DOA-GAN: Dual-Order Attentive Generative Adversarial Network for Image Copy-Move Forgery
Detection and Localization", CVPR 2020.
"""

import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from ...layers.targets import image_labels, stack_masks
from ...segmentors.forgery_segmentor import ForgeryOutput, ForgerySegmentor
from .head import DOAOutput

TARGET, SOURCE, BACKGROUND = range(3)


@MODELS.register_module()
class DOAGAN(ForgerySegmentor):
    """Generator with a detection branch, and in training a discriminator of its masks.

    Args:
        backbone: VGG-19 that gives the features after its second to fourth pooling.
        decode_head: A :class:`DOAHead`.
        discriminator: A :class:`DOADiscriminator`, which needs two optimizers: ``optim_wrapper`` with the constructor
            ``PartsOptimWrapperConstructor`` and the parts ``generator`` and ``discriminator``; several processes also
            need ``model_wrapper_cfg=dict(type='MMSeparateDistributedDataParallel')``. Default: None.
        adversarial_weight: Weight of the adversarial term. Default: 0.001.
        source_is_fake: With a mask of three classes, whether the source of a copy counts as fake beside its target.
            Default: True.
        ignore_index: Label of pixels that do not count. Default: 255.
        **kwargs: Further arguments of :class:`ForgerySegmentor`.
    """

    min_size = 16  # four poolings

    def __init__(
        self,
        backbone: ConfigType,
        decode_head: ConfigType,
        discriminator: OptConfigType = None,
        adversarial_weight: float = 0.001,
        source_is_fake: bool = True,
        ignore_index: int = 255,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.decode_head = MODELS.build(decode_head)
        self.discriminator = MODELS.build(discriminator) if discriminator is not None else None
        self.adversarial_weight = adversarial_weight
        self.source_is_fake = source_is_fake
        self.ignore_index = ignore_index

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features ``(B, C_i, H_i, W_i)`` of strides 4, 8 and 16 of images ``(B, 3, H, W)``."""
        return self.backbone(inputs)

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 1, H, W)`` and image logits of (real, fake) of images ``(B, 3, H, W)``."""
        output = self.decode_head(self.extract_feat(inputs))
        cls_logits = torch.cat([torch.zeros_like(output.cls_logit), output.cls_logit], dim=1)
        return ForgeryOutput(self._fake_logit(_enlarge(output.mask_logits, inputs.shape[2:])), cls_logits)

    def _fake_logit(self, mask_logits: Tensor) -> Tensor:
        """Logit of P(fake) ``(B, 1, h, w)`` from that of one class, or the logits of three."""
        if mask_logits.shape[1] == 1:
            return mask_logits
        fake = [TARGET, SOURCE] if self.source_is_fake else [TARGET]
        real = [index for index in range(3) if index not in fake]
        return mask_logits[:, fake].logsumexp(dim=1, keepdim=True) - mask_logits[:, real].logsumexp(dim=1, keepdim=True)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """``loss_mask`` and ``loss_cls`` for images ``(B, 3, H, W)`` with ``gt_sem_seg`` and ``gt_label``."""
        return self._losses(self.decode_head(self.extract_feat(inputs)), data_samples)[0]

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One step; with a discriminator, first its own, then that of the generator.

        Raises:
            TypeError: If there is a discriminator, but a single optimizer.
        """
        if self.discriminator is None:
            return super().train_step(data, optim_wrapper)
        if not isinstance(optim_wrapper, OptimWrapperDict):
            raise TypeError(
                'DOAGAN with a discriminator needs two optimizers: set optim_wrapper.constructor to '
                "'PartsOptimWrapperConstructor' with the parts generator and discriminator, or discriminator to None."
            )
        data = self.data_preprocessor(data, True)
        images, samples = data['inputs'], data['data_samples']
        own, other = optim_wrapper['generator'], optim_wrapper['discriminator']
        with own.optim_context(self):
            losses, mask_logits = self._losses(self.decode_head(self.extract_feat(images)), samples)
            predicted = _probabilities(mask_logits)
        true, known = self._true_mask(samples, predicted.detach()), self._has_mask(samples)

        self.discriminator.requires_grad_(True)
        with other.optim_context(self):
            loss = self._judge(true, images, 1.0, known) + self._judge(predicted.detach(), images, 0.0, known)
            loss = loss / 2
        other.update_params(loss)

        self.discriminator.requires_grad_(False)
        with own.optim_context(self):
            losses['loss_adversarial'] = self.adversarial_weight * self._judge(predicted, images, 1.0, known)
        total, log = self.parse_losses(losses)
        own.update_params(total)
        self.discriminator.requires_grad_(True)
        return dict(log, loss_discriminator=loss.detach())

    def _losses(self, output: DOAOutput, data_samples: SampleList) -> tuple[dict[str, Tensor], Tensor]:
        """Losses of the generator, and its mask logits ``(B, C, H, W)`` at the size of the labels."""
        masks = stack_masks(data_samples)[:, None]
        labels = image_labels(data_samples, masks)
        logits = _enlarge(output.mask_logits, masks.shape[2:])
        losses = dict(
            loss_mask=self._mask_loss(logits.float(), masks),
            loss_cls=F.binary_cross_entropy_with_logits(output.cls_logit[:, 0].float(), labels.float()),
        )
        return losses, logits

    def _mask_loss(self, logits: Tensor, masks: Tensor) -> Tensor:
        """Cross-entropy, averaged over the pixels that count."""
        valid = masks != self.ignore_index
        if logits.shape[1] == 1:
            loss = F.binary_cross_entropy_with_logits(logits, (masks == 1).float(), reduction='none')
        else:
            loss = F.cross_entropy(logits, _classes(masks)[:, 0], reduction='none')[:, None]
        return (loss * valid).sum() / valid.sum().clamp(min=1)

    def _true_mask(self, data_samples: SampleList, predicted: Tensor) -> Tensor:
        """Labels shaped as the predicted mask ``(B, C, H, W)``; what is not known is as predicted."""
        masks = stack_masks(data_samples)[:, None]
        true = masks == 1
        if predicted.shape[1] == 3:
            true = F.one_hot(_classes(masks)[:, 0], 3).permute(0, 3, 1, 2)
        return torch.where(masks == self.ignore_index, predicted, true.to(predicted.dtype))

    def _has_mask(self, data_samples: SampleList) -> Tensor:
        """Whether anything is known of the pixels of each image, ``(B,)``, boolean."""
        return (stack_masks(data_samples) != self.ignore_index).flatten(1).any(dim=1)

    def _judge(self, mask: Tensor, images: Tensor, answer: float, known: Tensor) -> Tensor:
        """Loss of the discriminator's logits for masks against an answer: 1 for true, 0 for predicted.

        It is the mean over the images that ``known``, ``(B,)``, tells; 0 without any.
        """
        logits = self.discriminator(mask, images).float()
        loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, answer), reduction='none')
        return (loss.flatten(1).mean(dim=1) * known).sum() / known.sum().clamp(min=1)


def _enlarge(mask_logits: Tensor, size: torch.Size) -> Tensor:
    return resize(mask_logits, size=size, mode='bilinear', align_corners=True, warning=False)


def _probabilities(mask_logits: Tensor) -> Tensor:
    mask_logits = mask_logits.float()
    return mask_logits.sigmoid() if mask_logits.shape[1] == 1 else mask_logits.softmax(dim=1)


def _classes(masks: Tensor) -> Tensor:
    """Of the three: a manipulation without a source is a target."""
    return torch.where(masks == 1, TARGET, BACKGROUND)
