"""NCL-IML after the paper, not the authors' network."""

from mmseg.models import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor, nn

from ...layers.targets import stack_masks
from ...losses import weighted_cross_entropy
from ...segmentors import ForgeryOutput, ForgerySegmentor
from .deeplab_head import DeepLabV3PlusHead
from .losses import classify_patches, ncl_losses


@MODELS.register_module()
class NCLAfterPaper(ForgerySegmentor, EncoderDecoder):
    """DeepLabV3+ with the contrastive training that the abstract of NCL-IML describes.

    The authors' network and training code were never published: the network is the public one that their files hint
    at, the losses are our reading. Figures of this model are not figures of NCL-IML.

    Two 1x1 convolutions on the output of ASPP are the branches of the "pivot"; they serve training only. The image is
    as fake as its most fake pixel.

    Args:
        backbone: A ResNet of output stride 16 or 8.
        decode_head: A :class:`DeepLabV3PlusHead`.
        stride: Output stride of the backbone, which is the side of a patch.
        pivot_channels: Width of the branches' features.
        temperature: Of the contrastive losses.
        contrast_weight: Weight of the contrastive losses.
        consistency_weight: Weight of the consistency of the two branches.
        **kwargs: Further arguments of :class:`ForgerySegmentor` and ``EncoderDecoder``.

    Raises:
        TypeError: If the head is another one.
    """

    def __init__(
        self,
        backbone: ConfigType,
        decode_head: ConfigType,
        stride: int = 16,
        pivot_channels: int = 64,
        temperature: float = 0.1,
        contrast_weight: float = 0.1,
        consistency_weight: float = 0.1,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, decode_head=decode_head, **kwargs)
        if not isinstance(self.decode_head, DeepLabV3PlusHead):
            raise TypeError(f'NCLAfterPaper needs a DeepLabV3PlusHead, got {type(self.decode_head).__name__}')
        self.tampered_branch, self.authentic_branch = (
            nn.Conv2d(self.decode_head.channels, pivot_channels, 1) for _ in range(2)
        )
        self.stride = stride
        self.temperature = temperature
        self.contrast_weight = contrast_weight
        self.consistency_weight = consistency_weight

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The levels of the backbone, ``(B, C_i, H_i, W_i)``, of images ``(B, 3, H, W)``."""
        return tuple(self.backbone(inputs))

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 2, H/4, W/4)`` of images ``(B, 3, H, W)``."""
        return ForgeryOutput(self.decode_head(self.extract_feat(inputs)))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Cross-entropy (mean over the pixels that count), the two contrastive losses and the consistency.

        Args:
            inputs: Images ``(B, 3, H, W)``.
            data_samples: With ``gt_sem_seg``.

        Raises:
            ValueError: In training, if the batch is a single image whose statistics are not shared with other
                processes: the pooled branch of the head has one value of each image to normalize over.
        """
        masks = stack_masks(data_samples)
        feats = self.extract_feat(inputs)
        context = self.decode_head.context(feats)
        logits = self.decode_head.decode(feats, context)
        logits = resize(logits, size=masks.shape[1:], mode='bilinear', align_corners=self.align_corners, warning=False)
        branches = self.tampered_branch(context), self.authentic_branch(context)
        patches = classify_patches(masks, context.shape[2:], self.stride)
        tampered, authentic, consistency = ncl_losses(*branches, patches, self.temperature)
        return dict(
            loss_pix=weighted_cross_entropy(logits, masks, logits.new_ones(2)),
            loss_tampered=self.contrast_weight * tampered,
            loss_authentic=self.contrast_weight * authentic,
            loss_consistency=self.consistency_weight * consistency,
        )
