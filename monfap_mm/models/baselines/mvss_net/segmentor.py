"""MVSS-Net: multi-view, multi-scale supervision."""

from mmseg.models import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from ...layers.targets import image_labels, stack_masks
from ...segmentors import ForgeryOutput, ForgerySegmentor
from .edge_stream import EdgeStream
from .losses import MVSSLoss
from .noise_stream import NoiseStream


@MODELS.register_module()
class MVSSNet(ForgerySegmentor, EncoderDecoder):
    """A backbone for the picture and one for its noise, whose coarsest features one head reads together.

    An edge stream on the levels of the first backbone is supervised and answers nothing. The image is as fake as its
    most fake pixel.

    The channel order of the data preprocessor tells the noise stream how to weigh the colors: the authors' weights
    take BGR.

    Args:
        backbone: An mmseg backbone whose levels have at least the strides 4, 8 ....
        noise_backbone: Another, of the noise; its last output counts, which has the size of the first one's last.
        decode_head: A :class:`DualAttentionHead` with one output channel.
        edge_stream: Arguments of :class:`EdgeStream`.
        loss: Arguments of :class:`MVSSLoss`. Default: None.
        **kwargs: Further arguments of :class:`ForgerySegmentor` and ``EncoderDecoder``.

    Raises:
        ValueError: If the head has not one output channel for two classes.
    """

    def __init__(
        self,
        backbone: ConfigType,
        noise_backbone: ConfigType,
        decode_head: ConfigType,
        edge_stream: ConfigType,
        loss: OptConfigType = None,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, decode_head=decode_head, **kwargs)
        if (self.num_classes, self.out_channels) != (2, 1):
            raise ValueError(
                'MVSSNet has one logit per pixel: set decode_head.num_classes=2 and decode_head.out_channels=1, '
                f'but got {self.num_classes} and {self.out_channels}.'
            )
        is_rgb = getattr(self.data_preprocessor, 'channel_conversion', False)
        self.noise_stream = NoiseStream(noise_backbone, is_rgb)
        self.edge_stream = EdgeStream(**edge_stream)
        self.supervision = MVSSLoss(**(loss or {}))

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The levels of the backbone, ``(B, C_i, H_i, W_i)``, of images ``(B, 3, H, W)``."""
        return tuple(self.backbone(inputs))

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Mask logits ``(B, 1, H, W)`` of images ``(B, 3, H, W)``."""
        return ForgeryOutput(self._mask_logits(inputs, self.extract_feat(inputs)))

    def edge_logits(self, inputs: Tensor) -> Tensor:
        """Logits of the edges of manipulated regions, ``(B, 1, H/4, W/4)``."""
        return self.edge_stream(self.extract_feat(inputs))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Losses of images ``(B, 3, H, W)`` with ``gt_sem_seg`` and ``gt_label``, see :class:`MVSSLoss`."""
        masks = stack_masks(data_samples)
        feats = self.extract_feat(inputs)
        return self.supervision(
            self._mask_logits(inputs, feats), self.edge_stream(feats), masks, image_labels(data_samples, masks)
        )

    def _mask_logits(self, inputs: Tensor, feats: tuple[Tensor, ...]) -> Tensor:
        logits = self.decode_head([feats[-1], self.noise_stream(inputs)])
        return resize(logits, inputs.shape[2:], mode='bilinear', align_corners=True, warning=False)
