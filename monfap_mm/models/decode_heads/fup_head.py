"""Forgery-aware Unified Predictor (Sec. III-B)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import ModuleList
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from ...utils.state_dicts import keep_settings
from ..layers import CoarseLocalizer, ForgeryAwareTransformer, FourierPositionEncoding, UpSampler, check_channels
from ..layers.logits import largest_pixel
from ..layers.recompute import recompute
from ..layers.targets import image_labels, stack_masks

TASK_MODES = ('token', 'two_branch', 'additional_loss', 'global_statistics')
NUM_TOKENS = 2  # real, fake


class FUPOutput(NamedTuple):
    """All that the head computes for a batch; every second axis is (real, fake).

    Attributes:
        cls_logits: Image logits Y of Eq. 2, ``(B, 2)``.
        mask_logits: Pixel logits M of Eq. 3, ``(B, 2, H/4, W/4)``.
        coarse_logits: Pixel logits of the coarse localizer, ``(B, 2, H/32, W/32)``.
    """

    cls_logits: Tensor
    mask_logits: Tensor
    coarse_logits: Tensor


@MODELS.register_module()
class FUPHead(BaseDecodeHead):
    """Predicts the image label and the mask together, from two tokens and a feature pyramid.

    In :class:`MoNFAP` it gets the noise cues of the neck. In a plain ``EncoderDecoder`` the cues are the features
    themselves and ``predict`` gives the mask alone.

    Args:
        in_channels: Channels of the features, finest first. Any four widths.
        num_heads: Attention heads, must divide every width. Default: 8.
        mlp_channels: Hidden widths of the tokens' MLPs from the coarsest stage to the finest.
            Default: (2048, 1024, 512, 256).
        mask_threshold: Threshold of the coarse mask (Table XII), 0 to 1; 0 means no masking. Default: 0.5.
        num_scales: Number of stages, counted from the coarsest (Fig. 7b), 1 to 4. The mask has the resolution
            of the last one. Default: 4.
        multi_scale: Add the cues of the finer levels as the resolution grows (Eq. 1). Without them (Table VI,
            'w/o MSS') every stage works on the coarsest level, upsampled. Default: True.
        task_mode: Where the image label comes from (Table VII). 'token': the mean of the tokens (Eq. 2).
            'two_branch': a linear layer on the average of p'_0, so that all modes classify from the same features.
            'additional_loss': the most fake pixel of M, trained with the image loss. 'global_statistics': the same
            pixel without the image loss. Default: 'token'.
        coarse_channels: Hidden width of the coarse localizer. Default: 512.
        dropout_ratio: Dropout before the linear classifier. Default: 0.1.
        norm_cfg: Norm layer of the coarse localizer. Default: None, which is BN.
        with_cp: Activation checkpointing: compute the stages and up-samplers again for the gradient, which takes
            less memory and more time. Default: False.
        loss_decode: Pixel loss, of the signature of :class:`SampleWeightedCrossEntropy`.
        **kwargs: Further arguments of ``BaseDecodeHead``.

    Raises:
        ValueError: If a switch has a value that is not listed, or num_heads does not divide a width.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_heads: int = 8,
        mlp_channels: Sequence[int] = (2048, 1024, 512, 256),
        mask_threshold: float = 0.5,
        num_scales: int = 4,
        multi_scale: bool = True,
        task_mode: str = 'token',
        coarse_channels: int = 512,
        dropout_ratio: float = 0.1,
        norm_cfg: dict | None = None,
        with_cp: bool = False,
        loss_decode: dict | None = None,
        **kwargs,
    ) -> None:
        _check(in_channels, num_heads, mlp_channels, mask_threshold, num_scales, task_mode)
        super().__init__(
            in_channels=list(in_channels),
            channels=in_channels[0],
            num_classes=kwargs.pop('num_classes', 2),
            out_channels=2,
            in_index=kwargs.pop('in_index', list(range(len(in_channels)))),
            input_transform='multiple_select',
            dropout_ratio=dropout_ratio,
            norm_cfg=norm_cfg,
            loss_decode=loss_decode or dict(type='SampleWeightedCrossEntropy'),
            init_cfg=kwargs.pop('init_cfg', None),
            **kwargs,
        )
        del self.conv_seg  # M comes from the tokens (Eq. 3)
        self.mask_threshold = mask_threshold
        self.multi_scale = multi_scale
        self.task_mode = task_mode
        self.with_cp = with_cp
        widths = list(in_channels)[::-1][:num_scales]

        self.coarse_localizer = CoarseLocalizer(widths[0], coarse_channels, norm_cfg)
        self.tokens = nn.Parameter(torch.randn(NUM_TOKENS, widths[0]))
        self.stages = ModuleList(
            ForgeryAwareTransformer(width, num_heads, hidden) for width, hidden in zip(widths, mlp_channels)
        )
        self.position_encodings = ModuleList(FourierPositionEncoding(width) for width in widths)
        self.token_projections = ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.up_samplers = ModuleList(UpSampler(a, b) for a, b in zip(widths, widths[1:]))
        self.dropout = nn.Dropout(dropout_ratio)
        if task_mode in ('token', 'two_branch'):
            self.classifier = nn.Linear(widths[-1] if task_mode == 'token' else widths[0], 2)
        self.num_heads = num_heads
        keep_settings(self)

    @property
    def answer_settings(self) -> dict:
        """Switches that change what the weights mean, and no shape."""
        names = ('num_heads', 'mask_threshold', 'multi_scale', 'task_mode', 'align_corners')
        return {name: getattr(self, name) for name in names}

    def forward(self, inputs: Sequence[Tensor], cues: Sequence[Tensor] | None = None) -> FUPOutput:
        """All logits.

        Args:
            inputs: Features f_i ``(B, C_i, H_i, W_i)``, finest first.
            cues: Noise cues r_i of the same shapes. Default: None, no neck.

        Returns:
            Y ``(B, 2)``, M ``(B, 2, H_0, W_0)`` and the coarse logits ``(B, 2, H_3, W_3)``.

        Raises:
            ValueError: If the features do not have the channels of the config.
        """
        feats = self._transform_inputs(inputs)
        check_channels(feats, self.in_channels, 'FUPHead', 'decode_head')
        coarse_logits = self.coarse_localizer(feats[-1])
        return FUPOutput(*self._forward_stages(feats, cues, coarse_logits), coarse_logits)

    def _forward_stages(
        self, feats: Sequence[Tensor], cues: Sequence[Tensor] | None, coarse_logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Y and M, given the coarse logits ``(B, 2, H_3, W_3)`` that guide the attention."""
        # p'_0 = f_3 + r_3, and without a neck f_3 alone; then p'_i = UP_i(p_i) + r_{3-i} (Eq. 1).
        image = feats[-1] if cues is None else feats[-1] + cues[-1]
        first_pixels = pixels = _to_sequence(image)
        cues = feats if cues is None else cues
        size = image.shape[2:]
        tokens = self.tokens.to(pixels.dtype).expand(pixels.shape[0], -1, -1)
        for i, stage in enumerate(self.stages):
            if i > 0:
                cue = cues[-1 - i]
                pixels = recompute(self.with_cp, self.up_samplers[i - 1], pixels, size, cue.shape[2:])
                if self.multi_scale:
                    pixels = pixels + _to_sequence(cue)
                tokens = self.token_projections[i - 1](tokens)
                size = cue.shape[2:]
            code = self.position_encodings[i](*size).to(pixels.dtype)
            blocked = self._blocked(coarse_logits, size)
            tokens, pixels = recompute(self.with_cp, stage, tokens, pixels, code, blocked)

        mask_logits = (tokens @ pixels.transpose(1, 2)).unflatten(2, size)  # Eq. 3
        return self._classify(tokens, first_pixels, mask_logits), mask_logits

    def loss(
        self,
        inputs: Sequence[Tensor],
        batch_data_samples: SampleList,
        train_cfg: dict | None = None,
        cues: Sequence[Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Losses of Eq. 14 and 15 but the importance loss.

        Args:
            inputs: Features, as in :meth:`forward`.
            batch_data_samples: With ``gt_sem_seg``. Samples without ``gt_label`` are fake where
                their mask has a fake pixel.
            train_cfg: Not used.
            cues: Noise cues, as in :meth:`forward`.

        Returns:
            ``loss_img``, ``loss_pix_genuine``, ``loss_pix_manipulated``, ``loss_aux_genuine``,
            ``loss_aux_manipulated``. Task mode 'global_statistics' has no ``loss_img``.
        """
        output = self(inputs, cues)
        num_used = len(self.stages) if self.multi_scale else 1
        unused = (inputs if cues is None else cues)[: len(self.in_channels) - num_used]
        target = stack_masks(batch_data_samples)
        labels = image_labels(batch_data_samples, target)
        losses = {}
        if self.task_mode != 'global_statistics':
            losses['loss_img'] = F.cross_entropy(output.cls_logits.float(), labels)
        for name, logits in (('pix', output.mask_logits), ('aux', output.coarse_logits)):
            logits = resize(logits, size=target.shape[1:], mode='bilinear', align_corners=self.align_corners)
            genuine, manipulated = self.loss_decode(logits, target, labels == 1)
            losses[f'loss_{name}_genuine'] = genuine
            losses[f'loss_{name}_manipulated'] = manipulated
        # Levels that serve nothing stay in the graph all the same: DDP waits for their gradients.
        losses['loss_pix_genuine'] = losses['loss_pix_genuine'] + sum(0.0 * cue.float().sum() for cue in unused)
        return losses

    def predict(self, inputs: Sequence[Tensor], batch_img_metas: list[dict], test_cfg: dict | None = None) -> Tensor:
        """Mask logits at the size of the input, ``(B, 2, H, W)``, for a plain ``EncoderDecoder``."""
        return self.predict_by_feat(self(inputs).mask_logits, batch_img_metas)

    def _blocked(self, coarse_logits: Tensor, size: tuple[int, int]) -> Tensor | None:
        """Where Eq. 5 blocks a token, ``(B, 2, H * W)``; None without masking."""
        if self.mask_threshold == 0:
            return None
        logits = resize(coarse_logits.detach().float(), size=size, mode='bilinear', align_corners=False)
        return (logits.sigmoid() < self.mask_threshold).flatten(2)

    def _classify(self, tokens: Tensor, first_pixels: Tensor, mask_logits: Tensor) -> Tensor:
        """Image logits ``(B, 2)`` by task mode."""
        if self.task_mode == 'token':
            return self.classifier(self.dropout(tokens.mean(dim=1)))  # Eq. 2
        if self.task_mode == 'two_branch':
            return self.classifier(self.dropout(first_pixels.mean(dim=1)))
        return largest_pixel(mask_logits)


def _to_sequence(image: Tensor) -> Tensor:
    """``(B, C, H, W)`` to ``(B, H * W, C)``."""
    return image.flatten(2).transpose(1, 2)


def _check(
    in_channels: Sequence[int],
    num_heads: int,
    mlp_channels: Sequence[int],
    mask_threshold: float,
    num_scales: int,
    task_mode: str,
) -> None:
    """Check the switches of the head."""
    if task_mode not in TASK_MODES:
        raise ValueError(f'task_mode must be one of {TASK_MODES}, but got {task_mode!r}.')
    if not 0 <= mask_threshold <= 1:
        raise ValueError(f'mask_threshold must be between 0 (no masking) and 1, but got {mask_threshold}.')
    if not 1 <= num_scales <= len(in_channels):
        raise ValueError(f'num_scales must be 1 to {len(in_channels)}, the number of features, but got {num_scales}.')
    if len(mlp_channels) < num_scales:
        raise ValueError(f'mlp_channels needs a width for each of {num_scales} stages, but got {tuple(mlp_channels)}.')
    uneven = [width for width in list(in_channels)[-num_scales:] if width % num_heads]
    if uneven:
        raise ValueError(
            f'num_heads={num_heads} of FUPHead does not divide the widths {uneven} of in_channels='
            f'{list(in_channels)}: choose another num_heads, or project the features first (ChannelProjection).'
        )
