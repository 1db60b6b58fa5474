"""ManTra-Net: the whole model."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from ...segmentors import ForgeryOutput, ForgerySegmentor
from .anomaly_detector import AnomalyDetector
from .strips import in_strips, pays
from .trace_extractor import WIDTHS, TraceExtractor

# Keras's defaults; there is no scale and no shift.
NORMS = dict(
    batch=lambda channels: nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01, affine=False),
    instance=lambda channels: nn.InstanceNorm2d(channels, eps=1e-3),
)
IGNORE = 255


@MODELS.register_module()
class ManTraNet(ForgerySegmentor):
    """Traces of manipulation, and where they differ from those around. Detection by localization.

    Images are RGB in [-1, 1] (``mean`` and ``std`` 127.5). All maps have the size of the image: 256 channels at 512x512
    are 268 MB. An answer is computed in strips where the image is larger, with the same values; what is kept of the
    whole image is 64 channels.

    Args:
        base_channels: Channels of the first 3x3 convolution; the features have 8 times as many. Default: 32.
        detector_channels: Channels in which anomalies are looked for. Default: 64.
        windows: Sizes of the windows. Default: (7, 15, 31), those of the released model.
        norm: ``'batch'`` (default), the original: its moving statistics answer. ``'instance'``: each image by its own
            statistics, for the weights that are published for PyTorch, which lack the others. The port that they are
            from takes the statistics of the batch, also in testing; for a batch of one that is the same.
        strip_pixels: Pixels that are answered at a time, about. Default: 512 * 512.
        **kwargs: Arguments of :class:`ForgerySegmentor`.

    Raises:
        ValueError: If norm is unknown.
    """

    min_size = 2  # the mirrored border takes two pixels

    def __init__(
        self,
        base_channels: int = 32,
        detector_channels: int = 64,
        windows: Sequence[int] = (7, 15, 31),
        norm: str = 'batch',
        strip_pixels: int = 512 * 512,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if norm not in NORMS:
            raise ValueError(f'norm must be one of {", ".join(NORMS)}, but got {norm!r}.')
        self.strip_pixels = strip_pixels
        self.extractor = TraceExtractor(base_channels)
        self.adaptation = nn.Conv2d(WIDTHS[-1] * base_channels, detector_channels, 1, bias=False)
        self.norm = NORMS[norm](detector_channels)
        self.detector = AnomalyDetector(detector_channels, windows)
        nn.init.xavier_uniform_(self.adaptation.weight)

    @property
    def answer_settings(self) -> dict:
        """With the windows, which have no weights."""
        return super().answer_settings | dict(windows=self.detector.windows)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Features ``(B, 8 C, H, W)`` of images ``(B, 3, H, W)``, of length 1 at each pixel."""
        return self.extractor(inputs)

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Logits of fake ``(B, 1, H, W)`` of images ``(B, 3, H, W)``."""
        x = self._run(lambda x: self.adaptation(self.extract_feat(x)), inputs, self.extractor.radius)
        # Z-scores of flat images exceed what fp16 holds.
        with torch.autocast(x.device.type, enabled=False):
            x = self.norm(x.to(self.adaptation.weight.dtype))
            statistics = self.detector.statistics(x)
            return ForgeryOutput(self._run(lambda x: self.detector(x, *statistics), x, self.detector.radius))

    def _run(self, function: Callable[[Tensor], Tensor], x: Tensor, radius: int) -> Tensor:
        return in_strips(function, x, radius, self.strip_pixels) if pays(self) else function(x)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Binary cross-entropy of all pixels that count, as ``loss_pix``."""
        target = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
        logits = self.forward_all(inputs).mask_logits.float()
        loss = F.binary_cross_entropy_with_logits(logits, (target == 1).to(logits.dtype), reduction='none')
        valid = target != IGNORE
        return dict(loss_pix=(loss * valid).sum() / valid.sum().clamp(min=1))
