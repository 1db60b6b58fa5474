"""The whole model: backbone, Mixture-of-Noises Module, Forgery-aware Unified Predictor (Sec. III-A, Fig. 3)."""

import torch
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, SampleList
from torch import Tensor

from ..decode_heads import FUPHead
from ..necks import MixtureOfNoises
from .forgery_segmentor import ForgeryOutput, ForgerySegmentor


@MODELS.register_module()
class MoNFAP(ForgerySegmentor, EncoderDecoder):
    """``EncoderDecoder`` that answers twice: is the image fake, and which pixels.

    Args:
        backbone: Any mmseg or mmpretrain backbone with four levels.
        decode_head: A :class:`FUPHead`.
        neck: A :class:`MixtureOfNoises` of the same channels. Default: None, no noise cues
            (Table VI, '+FUP').
        projection: Module that maps the backbone's features before neck and head, such as
            :class:`ChannelProjection`. Default: None.
        **kwargs: Further arguments of :class:`ForgerySegmentor` (``test_cfg``) and ``EncoderDecoder``.

    Raises:
        TypeError: If the head is not a :class:`FUPHead`.
        ValueError: If ``test_cfg`` has an unknown mode or window_score.
    """

    min_size = 32  # the stride of the coarsest level

    def __init__(
        self,
        backbone: ConfigType,
        decode_head: ConfigType,
        neck: OptConfigType = None,
        projection: OptConfigType = None,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, decode_head=decode_head, neck=neck, **kwargs)
        if not isinstance(self.decode_head, FUPHead):
            raise TypeError(
                f'MoNFAP needs a head with both outputs, such as FUPHead, but got {type(self.decode_head).__name__}: '
                'put other heads into an EncoderDecoder.'
            )
        self.projection = MODELS.build(projection) if projection is not None else None

    @property
    def experts(self) -> tuple[str, ...]:
        """Names of the experts whose gate values the neck tells, in their order."""
        return self.neck.experts if self._has_noises else ()

    @property
    def _has_noises(self) -> bool:
        """Whether the neck is ours: any module can be."""
        return self.with_neck and isinstance(self.neck, MixtureOfNoises)

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features f_i ``(B, C_i, H_i, W_i)`` of images ``(B, 3, H, W)``, before the neck.

        In memory the channels of a pixel stand together: convolutions are faster so, and neck and head read the pixels
        as a sequence without a copy.
        """
        feats = self.backbone(_channels_last(inputs))
        if self.projection is not None:
            feats = self.projection(feats)
        return tuple(map(_channels_last, feats))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """All terms of Eq. 15.

        Args:
            inputs: Images ``(B, 3, H, W)``.
            data_samples: With ``gt_sem_seg`` and ``gt_label``.

        Returns:
            The losses of the head, and ``loss_importance_i`` of the neck.
        """
        feats = self.extract_feat(inputs)
        cues, losses = self.neck.loss(feats) if self._has_noises else (self._cues(feats), {})
        losses.update(self.decode_head.loss(feats, data_samples, self.train_cfg, cues=cues))
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(feats, data_samples))
        return losses

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Y ``(B, 2)``, M ``(B, 2, H/4, W/4)``, the coarse logits and the gate values of images ``(B, 3, H, W)``."""
        feats = self.extract_feat(inputs)
        cues = self._cues(feats)
        output = self.decode_head(feats, cues)
        gates = cues.gates if self._has_noises else None
        return ForgeryOutput(output.mask_logits, output.cls_logits, output.coarse_logits, gates)

    def _cues(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        return self.neck(feats) if self.with_neck else None


def _channels_last(image: Tensor) -> Tensor:
    return image.contiguous(memory_format=torch.channels_last)
