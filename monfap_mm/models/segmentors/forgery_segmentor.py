"""Base of all systems that answer twice: is the image fake, and which pixels."""

from abc import abstractmethod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.structures import LabelData, PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from mmseg.utils import OptConfigType, OptSampleList, SampleList
from torch import Tensor

from ...media.limits import MAX_PIXELS_IN_ONE_PIECE, check_one_piece
from ...media.orientation import TURNS
from ...utils.state_dicts import keep_settings
from ...utils.windows import average_windows, windows
from ..layers.logits import largest_pixel, two_channels
from ..ops import fold
from .inference_cfg import complete_test_cfg


class ForgeryOutput(NamedTuple):
    """What a system computes for a batch, at its own resolution.

    Attributes:
        mask_logits: Logits of (real, fake) ``(B, 2, h, w)``, or of fake alone ``(B, 1, h, w)``.
        cls_logits: Image logits of (real, fake), ``(B, 2)``. None means detection by localization:
            the image is as fake as its most fake pixel.
        coarse_logits: Logits of a coarse mask that guides the system, ``(B, 2, h', w')``.
        gates: Gate values ``(B, L, E)`` for L levels and E experts, see
            :attr:`ForgerySegmentor.experts`.
    """

    mask_logits: Tensor
    cls_logits: Tensor | None = None
    coarse_logits: Tensor | None = None
    gates: Tensor | None = None


class ForgeryPrediction(NamedTuple):
    """Prediction for a batch at the size of the input; the second axis is (real, fake).

    Attributes:
        seg_logits: ``(B, 2, H, W)``.
        scores: Softmax over real and fake of the image, ``(B, 2)``, in [0, 1], fp32.
        coarse_prob: P(fake) of the coarse mask, ``(B, 1, H, W)``, in [0, 1], fp32; None without one.
        gates: Gate values ``(B, L, E)``; None without gates.
    """

    seg_logits: Tensor
    scores: Tensor
    coarse_prob: Tensor | None = None
    gates: Tensor | None = None


class ForgerySegmentor(BaseSegmentor):
    """A segmentor that keeps both answers in prediction, whole and slide inference, and test-time augmentation.

    A system states its forward pass (:meth:`forward_all`), its losses (``loss``) and its features (``extract_feat``);
    all that follows from these is here. A system that is an ``EncoderDecoder`` as well names that class second.

    Class attributes that a system may set:

    - ``min_size``, ``size_divisor`` (int): Images with smaller sides, or sides that it does not divide, are padded at
      the bottom and right for the forward pass. Answers are cut back to the image.
    - ``align_corners`` (bool): How logits are resized.
    - ``max_pixels_in_one_piece`` (int): Larger images are refused, but for windows of them. Default: 4096 x 4096.

    Args:
        train_cfg: As in mmseg. Default: None.
        test_cfg: As in mmseg: ``mode='whole'`` or ``mode='slide'`` with ``crop_size`` and
            ``stride``. With 'slide', ``window_score='max'`` (default) calls the image as fake as its most fake
            window, ``'mean'`` takes the mean of the windows.
        **kwargs: Arguments of the next base class.

    Raises:
        ValueError: If ``test_cfg`` has an unknown mode or window_score, or its windows leave out pixels.
    """

    min_size = 1
    size_divisor = 1
    align_corners = False
    max_pixels_in_one_piece = MAX_PIXELS_IN_ONE_PIECE

    def __init__(self, train_cfg: OptConfigType = None, test_cfg: OptConfigType = None, **kwargs) -> None:
        test_cfg = complete_test_cfg(test_cfg)
        super().__init__(**kwargs)
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg
        self.is_inference_form = False
        keep_settings(self)

    @property
    def answer_settings(self) -> dict:
        """How the data preprocessor shows images to the model, which no tensor of the weights tells."""
        preprocessor = self.data_preprocessor
        if not isinstance(preprocessor, SegDataPreProcessor):
            return {}
        normalizes = preprocessor._enable_normalize
        values = dict(
            channel_order='RGB' if preprocessor.channel_conversion else 'BGR',  # images are read as BGR
            mean=tuple(preprocessor.mean.flatten().tolist()) if normalizes else None,
            std=tuple(preprocessor.std.flatten().tolist()) if normalizes else None,
        )
        return {f'data_preprocessor.{name}': value for name, value in values.items()}

    @abstractmethod
    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """All that the system computes for images ``(B, C, H, W)`` of a size that needs no padding."""

    @property
    def experts(self) -> tuple[str, ...]:
        """Names of the E experts of the gate values; empty in a system without gates."""
        return ()

    def predict(self, inputs: Tensor, data_samples: OptSampleList = None) -> SampleList:
        """Predict.

        Args:
            inputs: Images ``(B, C, H, W)``.
            data_samples: Their meta data and ground truth. Default: None.

        Returns:
            With ``seg_logits`` (2, H, W) and ``pred_sem_seg`` (1, H, W) at the original size,
            ``pred_label`` (score (2,), label (1,)) and, in systems that have them, ``coarse_prob`` (1, H, W) at the
            size of the input and ``gates`` (value (L, E): how far each level trusts each expert).
        """
        metas = [sample.metainfo for sample in data_samples or []]
        prediction = self.inference(inputs, metas)
        samples = self.postprocess_result(prediction.seg_logits, data_samples)
        for i, sample in enumerate(samples):
            score = prediction.scores[i]
            sample.pred_label = LabelData(score=score, label=score.argmax(dim=0, keepdim=True))
            if prediction.coarse_prob is not None:
                coarse = prediction.coarse_prob[i]
                sample.coarse_prob = PixelData(data=_as_shown(coarse, metas[i]) if metas else coarse)
            if prediction.gates is not None:
                sample.gates = LabelData(value=prediction.gates[i])
        return samples

    def postprocess_result(self, seg_logits: Tensor, data_samples: OptSampleList = None) -> SampleList:
        """As in mmseg, and a picture that went in as it is stored (meta ``orientation``) comes out as it is shown.

        Two classes are compared; mmseg's ``argmax`` says the same, and takes 20 times as long on a CPU.
        """
        samples = [SegDataSample() for _ in seg_logits] if data_samples is None else data_samples
        for logits, sample in zip(seg_logits, samples, strict=True):
            if data_samples is not None:
                logits = self._at_picture(logits, sample.metainfo)
                sample.set_metainfo(dict(ori_shape=tuple(logits.shape[1:])))
            sample.seg_logits = PixelData(data=logits)
            sample.pred_sem_seg = PixelData(data=(logits[1:] > logits[:1]).long())
        return samples

    def _at_picture(self, logits: Tensor, meta: dict) -> Tensor:
        """Logits ``(2, H, W)`` of a picture, as it is shown, from those of its input."""
        logits, size = _without_padding(logits, meta), meta['ori_shape'][:2]
        logits = resize(logits[None], size=size, mode='bilinear', align_corners=self.align_corners, warning=False)[0]
        return _turned(logits, meta)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Whole or slide inference by ``test_cfg.mode``."""
        if self.test_cfg['mode'] == 'slide':
            return self.slide_inference(inputs, batch_img_metas)
        return self.whole_inference(inputs, batch_img_metas)

    def whole_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict images in one piece.

        Raises:
            ValueError: If they have more than ``max_pixels_in_one_piece``, before anything is allocated: memory would
                end the process, without a word, where the system lends more than it has.
        """
        names = ', '.join(meta['img_path'] for meta in batch_img_metas if meta.get('img_path'))
        check_one_piece(inputs.shape[2:], self.max_pixels_in_one_piece, names)
        return self.encode_decode(inputs, batch_img_metas)

    def slide_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict window by window; maps are averaged where windows overlap, see ``window_score`` for the image.

        An image smaller than ``crop_size`` is one window. The gate values are the mean of the windows'.
        """
        predictions = []

        def parts():
            for rows, columns in windows(inputs.shape[2:], self.test_cfg['crop_size'], self.test_cfg['stride']):
                one = self.encode_decode(inputs[..., rows, columns], batch_img_metas)
                # The maps of a window are not kept.
                predictions.append(one._replace(seg_logits=None, coarse_prob=None))
                yield (rows, columns), [maps for maps in (one.seg_logits, one.coarse_prob) if maps is not None]

        seg_logits, *coarse_prob = average_windows(parts(), inputs.shape[2:], inputs.new_zeros)
        gates = [one.gates for one in predictions]
        return ForgeryPrediction(
            seg_logits,
            self._score_of_windows(torch.stack([one.scores for one in predictions])),
            coarse_prob[0] if coarse_prob else None,
            None if gates[0] is None else torch.stack(gates).mean(dim=0),
        )

    def _score_of_windows(self, scores: Tensor) -> Tensor:
        """Scores of images ``(B, 2)`` from those of their windows ``(windows, B, 2)``."""
        if self.test_cfg.get('window_score') == 'mean':
            return scores.mean(dim=0)
        most_fake = scores[..., 1].argmax(dim=0)
        return scores[most_fake, torch.arange(scores.shape[1], device=scores.device)]

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> ForgeryPrediction:
        """Predict images ``(B, C, H, W)``, or windows of them, of any size from 1x1."""
        padded = self.pad(inputs)
        output = self.forward_all(padded)
        seg_logits = self._at_input(two_channels(output.mask_logits), padded, inputs)
        coarse_prob = None
        if output.coarse_logits is not None:
            coarse_prob = output.coarse_logits.float().softmax(dim=1)[:, 1:]
            coarse_prob = self._at_input(coarse_prob, padded, inputs)
        # Of the pixels that are the image's: those of the padding count for nothing.
        cls_logits = output.cls_logits
        if cls_logits is None:
            cls_logits = largest_pixel(seg_logits, self.is_picture(inputs))
        return ForgeryPrediction(seg_logits, F.softmax(cls_logits.float(), dim=1), coarse_prob, output.gates)

    def is_picture(self, inputs: Tensor) -> Tensor | None:
        """Where inputs show a pixel of the picture, ``(B, 1, H, W)``, boolean; None: everywhere."""
        return None

    def pad(self, inputs: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` with the last rows and columns repeated up to a size that the system takes."""
        height, width = inputs.shape[2:]
        bottom, right = (_padding(length, self.min_size, self.size_divisor) for length in (height, width))
        # An exported graph pads whatever it meets.
        if torch.compiler.is_exporting() or bottom or right:
            return F.pad(inputs, (0, right, 0, bottom), mode='replicate')
        return inputs

    def _at_input(self, maps: Tensor, padded: Tensor, inputs: Tensor) -> Tensor:
        """Maps ``(B, C, h, w)`` of padded images at the size of the images."""
        maps = resize(maps, size=padded.shape[2:], mode='bilinear', align_corners=self.align_corners, warning=False)
        return maps[..., : inputs.shape[2], : inputs.shape[3]]

    def _forward(self, inputs: Tensor, data_samples: OptSampleList = None) -> tuple[Tensor, Tensor]:
        """Raw outputs: image logits ``(B, 2)`` and pixel logits ``(B, 2, h, w)``."""
        output = self.forward_complete(inputs)
        return output.cls_logits, output.mask_logits

    def forward_complete(self, inputs: Tensor) -> ForgeryOutput:
        """As :meth:`forward_all`, but image logits are always there, and the mask has two channels."""
        output = self.forward_all(inputs)
        mask_logits = two_channels(output.mask_logits)
        cls_logits = largest_pixel(mask_logits) if output.cls_logits is None else output.cls_logits
        return output._replace(mask_logits=mask_logits, cls_logits=cls_logits)

    def to_inference(self) -> 'ForgerySegmentor':
        """Turn the model into its inference form: the same logits to rounding, with all that is constant folded.

        Load the weights first. The model is changed in place and there is no way back: it cannot be trained, and it
        loads no weights. Its ``state_dict`` has other keys than a checkpoint (no batch norms of convolutions, kernels
        in place of the experts' weights), so save the checkpoint from the model before. A second call does nothing.

        Each part (backbone, neck ...) is compared with its unfolded form on noise; one that differs stays unfolded, and
        a line in the log says so.

        Returns:
            The model itself, in eval mode, without gradients for its weights.
        """
        if self.is_inference_form:
            return self
        self.eval()
        fold(self, lambda: self.forward_all(self.example_inputs()))
        self.eval()  # what is new, too
        self.requires_grad_(False)
        self.is_inference_form = True
        return self

    def example_inputs(self, shape: tuple[int, int, int] = (2, 64, 64)) -> Tensor:
        """Noise ``(B, 3, H, W)`` as the system takes it, always the same; ``shape`` is batch, height and width."""
        batch, height, width = shape
        noise = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
        return noise.to(next(self.parameters()))

    def train(self, mode: bool = True) -> 'ForgerySegmentor':
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


def _padding(length: int, least: int, divisor: int) -> int:
    """What a side lacks to be at least ``least`` and a multiple of ``divisor``."""
    return (torch.sym_max(length, least) + divisor - 1) // divisor * divisor - length


def _as_shown(maps: Tensor, meta: dict) -> Tensor:
    """Undo what pre-processing did to maps ``(C, H, W)`` of an input, but for its size."""
    return _turned(_without_padding(maps, meta), meta)


def _without_padding(maps: Tensor, meta: dict) -> Tensor:
    """Maps ``(C, H, W)`` without the padding of the input, and flipped back."""
    left, right, top, bottom = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
    maps = maps[:, top : maps.shape[1] - bottom, left : maps.shape[2] - right]
    return maps.flip(2 if meta['flip_direction'] == 'horizontal' else 1) if meta.get('flip') else maps


def _turned(maps: Tensor, meta: dict) -> Tensor:
    """Maps ``(C, H, W)`` of stored pixels, turned as EXIF (meta ``orientation``) says that the picture is shown."""
    if meta.get('orientation') not in TURNS:
        return maps
    reversed_axes, swaps = TURNS[meta['orientation']]
    maps = maps.flip([axis - 2 for axis in reversed_axes])
    return maps.transpose(1, 2).contiguous() if swaps else maps
