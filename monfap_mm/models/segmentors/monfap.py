"""The whole model: backbone, Mixture-of-Noises Module, Forgery-aware Unified Predictor (Sec. III-A, Fig. 3)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmcv.cnn import fuse_conv_bn
from mmengine.structures import LabelData, PixelData
from mmseg.models import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, OptConfigType, OptSampleList, SampleList
from torch import Tensor

from ...utils.windows import MODES, windows
from ..decode_heads import FUPHead, FUPOutput


class ForgeryPrediction(NamedTuple):
    """Prediction for a batch at the size of the input; the second axis is (real, fake).

    Attributes:
        seg_logits (Tensor): ``(B, 2, H, W)``.
        scores (Tensor): Softmax over real and fake of the image, ``(B, 2)``, in [0, 1], fp32.
        coarse_prob (Tensor): P(fake) of the coarse localizer, ``(B, 1, H, W)``, in [0, 1].
        gates (Tensor, optional): Gate values of the neck, ``(B, L, E)`` for L levels and E experts; None without gates.
    """

    seg_logits: Tensor
    scores: Tensor
    coarse_prob: Tensor
    gates: Tensor | None = None


@MODELS.register_module()
class MoNFAP(EncoderDecoder):
    """``EncoderDecoder`` that answers twice: is the image fake, and which pixels.

    Args:
        backbone (dict): Any mmseg or mmpretrain backbone with four levels.
        decode_head (dict): A :class:`FUPHead`.
        neck (dict, optional): A :class:`MixtureOfNoises` of the same channels. Default: None, no noise cues
            (Table VI, '+FUP').
        projection (dict, optional): Module that maps the backbone's features before neck and head, such as
            :class:`ChannelProjection`. Default: None.
        test_cfg (dict, optional): As in mmseg: ``mode='whole'`` or ``mode='slide'`` with ``crop_size`` and
            ``stride``. With 'slide', ``window_score='max'`` (default) calls the image as fake as its most fake
            window, ``'mean'`` takes the mean of the windows.
        **kwargs: Further arguments of ``EncoderDecoder``.

    Raises:
        TypeError: If the head is not a :class:`FUPHead`.
        ValueError: If ``test_cfg`` has an unknown mode or window_score.
    """

    def __init__(
        self,
        backbone: ConfigType,
        decode_head: ConfigType,
        neck: OptConfigType = None,
        projection: OptConfigType = None,
        test_cfg: OptConfigType = None,
        **kwargs,
    ) -> None:
        test_cfg = dict(mode='whole') | dict(test_cfg or {})
        _check_test_cfg(test_cfg)
        super().__init__(backbone=backbone, decode_head=decode_head, neck=neck, test_cfg=test_cfg, **kwargs)
        if not isinstance(self.decode_head, FUPHead):
            raise TypeError(
                f'MoNFAP needs a head with both outputs, such as FUPHead, but got {type(self.decode_head).__name__}: '
                'put other heads into an EncoderDecoder.'
            )
        self.projection = MODELS.build(projection) if projection is not None else None
        self.is_inference_form = False

    def to_inference(self) -> 'MoNFAP':
        """Turn the model into its inference form: the same logits to rounding, with all that is constant folded.

        Load the weights first. The model is changed in place and there is no way back: it cannot be trained, and it
        loads no weights. Its ``state_dict`` has other keys than a checkpoint (no batch norms of convolutions, kernels
        in place of the experts' weights), so save the checkpoint from the model before. A second call does nothing.

        Batch norms are merged where a convolution is followed by its batch norm, as ``mmcv.cnn.fuse_conv_bn`` finds
        them; layer norms stay.

        Returns:
            MoNFAP: The model itself, in eval mode, without gradients for its weights.
        """
        if self.is_inference_form:
            return self
        for part in (self.backbone, self.projection):
            if part is not None:
                fuse_conv_bn(part)
        for part in (self.neck if self.with_neck else None, self.decode_head):
            # Any module can be the neck; only ours has more to fold.
            if hasattr(part, 'to_inference'):
                part.to_inference()
        self.eval()
        self.requires_grad_(False)
        self.is_inference_form = True
        return self

    def train(self, mode: bool = True) -> 'MoNFAP':
        """Set the mode, as in PyTorch.

        Raises:
            RuntimeError: If the model is in its inference form and mode is True.
        """
        if mode and self.is_inference_form:
            raise RuntimeError('A model in its inference form cannot be trained: build it anew and load its weights.')
        return super().train(mode)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        # MMEngine loads what fits and warns of the rest, which here would put weights without their batch norm.
        if self.is_inference_form:
            raise RuntimeError('A model in its inference form loads no weights: load them before to_inference().')
        super()._load_from_state_dict(state_dict, prefix, *args)

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
            inputs (Tensor): Images ``(B, 3, H, W)``.
            data_samples (list[SegDataSample]): With ``gt_sem_seg`` and ``gt_label``.

        Returns:
            dict[str, Tensor]: The losses of the head, and ``loss_importance_i`` of the neck.
        """
        feats = self.extract_feat(inputs)
        cues, losses = self.neck.loss(feats) if self.with_neck else (None, {})
        losses.update(self.decode_head.loss(feats, data_samples, self.train_cfg, cues=cues))
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(feats, data_samples))
        return losses

    def predict(self, inputs: Tensor, data_samples: OptSampleList = None) -> SampleList:
        """Predict.

        Args:
            inputs (Tensor): Images ``(B, 3, H, W)``.
            data_samples (list[SegDataSample], optional): Their meta data and ground truth. Default: None.

        Returns:
            list[SegDataSample]: With ``seg_logits`` (2, H, W) and ``pred_sem_seg`` (1, H, W) at the original size,
            ``pred_label`` (score (2,), label (1,)), ``coarse_prob`` (1, H, W) at the size of the input and, with a
            neck that has gates, ``gates`` (value (L, E): how far each level trusts each expert).
        """
        metas = [sample.metainfo for sample in data_samples or []]
        prediction = self.inference(inputs, metas)
        samples = self.postprocess_result(prediction.seg_logits, data_samples)
        for i, sample in enumerate(samples):
            score = prediction.scores[i]
            sample.pred_label = LabelData(score=score, label=score.argmax(dim=0, keepdim=True))
            coarse = prediction.coarse_prob[i]
            sample.coarse_prob = PixelData(data=_undo_padding_and_flip(coarse, metas[i]) if metas else coarse)
            if prediction.gates is not None:
                sample.gates = LabelData(value=prediction.gates[i])
        return samples

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Whole or slide inference by ``test_cfg.mode``."""
        if self.test_cfg['mode'] == 'slide':
            return self.slide_inference(inputs, batch_img_metas)
        return self.whole_inference(inputs, batch_img_metas)

    def whole_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict images in one piece."""
        return self.encode_decode(inputs, batch_img_metas)

    def slide_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict window by window; logits are averaged where windows overlap, see ``window_score`` for the image.

        An image smaller than ``crop_size`` is one window. The gate values are the mean of the windows'.
        """
        B, _, H, W = inputs.shape
        seg_logits = inputs.new_zeros((B, 2, H, W))
        coarse_prob = inputs.new_zeros((B, 1, H, W))
        count = inputs.new_zeros((1, 1, H, W))
        scores, gates = [], []
        for window in windows((H, W), self.test_cfg['crop_size'], self.test_cfg['stride']):
            here = (..., *window)
            prediction = self.encode_decode(inputs[here], batch_img_metas)
            seg_logits[here] += prediction.seg_logits
            coarse_prob[here] += prediction.coarse_prob
            count[here] += 1
            scores.append(prediction.scores)
            gates.append(prediction.gates)
        scores = torch.stack(scores)
        if self.test_cfg.get('window_score', 'max') == 'max':
            most_fake = scores[..., 1].argmax(dim=0)
            score = scores[most_fake, torch.arange(B, device=scores.device)]
        else:
            score = scores.mean(dim=0)
        mean_gates = None if gates[0] is None else torch.stack(gates).mean(dim=0)
        return ForgeryPrediction(seg_logits / count, score, coarse_prob / count, mean_gates)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict images ``(B, 3, H, W)`` (or windows of them)."""
        output, gates = self.forward_all(inputs)
        size = inputs.shape[2:]
        seg_logits = resize(output.mask_logits, size=size, mode='bilinear', align_corners=self.align_corners)
        coarse_prob = output.coarse_logits.float().softmax(dim=1)[:, 1:]
        coarse_prob = resize(coarse_prob, size=size, mode='bilinear', align_corners=self.align_corners)
        return ForgeryPrediction(seg_logits, F.softmax(output.cls_logits.float(), dim=1), coarse_prob, gates)

    def _forward(self, inputs: Tensor, data_samples: OptSampleList = None) -> tuple[Tensor, Tensor]:
        """Raw outputs: Y ``(B, 2)`` and M ``(B, 2, H/4, W/4)``."""
        output, _ = self.forward_all(inputs)
        return output.cls_logits, output.mask_logits

    def forward_all(self, inputs: Tensor) -> tuple[FUPOutput, Tensor | None]:
        """All that the head computes for images ``(B, 3, H, W)``, and the gate values ``(B, L, E)`` of the neck."""
        feats = self.extract_feat(inputs)
        cues, gates = None, None
        if self.with_neck:
            # Any module can be the neck; only ours has gates.
            has_gates = hasattr(self.neck, 'forward_all')
            cues, gates = self.neck.forward_all(feats) if has_gates else (self.neck(feats), None)
        return self.decode_head.forward_all(feats, cues), gates


def _channels_last(image: Tensor) -> Tensor:
    return image.contiguous(memory_format=torch.channels_last)


def _undo_padding_and_flip(image: Tensor, meta: dict) -> Tensor:
    """Remove what pre-processing added to ``(C, H, W)``, as mmseg does for the logits."""
    left, right, top, bottom = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
    image = image[:, top : image.shape[1] - bottom, left : image.shape[2] - right]
    if meta.get('flip'):
        image = image.flip(dims=(2 if meta.get('flip_direction') == 'horizontal' else 1,))
    return image


def _check_test_cfg(test_cfg: dict) -> None:
    if test_cfg['mode'] not in MODES:
        raise ValueError(f"test_cfg.mode must be 'whole' or 'slide', but got {test_cfg['mode']!r}.")
    if test_cfg.get('window_score', 'max') not in ('max', 'mean'):
        raise ValueError(f"test_cfg.window_score must be 'max' or 'mean', but got {test_cfg['window_score']!r}.")
    missing = [key for key in ('crop_size', 'stride') if test_cfg['mode'] == 'slide' and key not in test_cfg]
    if missing:
        raise ValueError(f"test_cfg.mode='slide' needs {' and '.join(missing)}.")
    if test_cfg['mode'] == 'slide' and not all(
        0 < step <= crop for step, crop in zip(test_cfg['stride'], test_cfg['crop_size'])
    ):
        raise ValueError(
            'test_cfg.stride must be positive and at most crop_size, or pixels between the windows are left out, '
            f'but got stride={test_cfg["stride"]}, crop_size={test_cfg["crop_size"]}.'
        )
