"""CAT-Net as a segmentor; v1 and v2 are the same network."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor, nn

from ....media.jpeg_grid import BLOCK, CHANNELS, COEFFICIENT, OUTSIDE, PIXELS, STEP
from ...layers.targets import stack_masks
from ...losses import weighted_cross_entropy
from ...segmentors.forgery_segmentor import ForgeryOutput, ForgerySegmentor
from .dct_stream import DCTStream, stage
from .transition import Transition

HALF_RANGE = 127.5


@MODELS.register_module()
class CatNet(ForgerySegmentor):
    """RGB stream (HRNet), stream of JPEG coefficients, and a last HRNet stage that fuses them at each resolution.

    Its inputs ``(B, 5, H, W)`` are pictures beside the coefficients of their files, see
    :mod:`monfap_mm.media.jpeg_grid`; the transform ``LoadJpegGrid`` makes them. The data preprocessor only stacks them.
    Detection is by localization, since the authors' code answers for pixels only.

    Args:
        backbone: A :class:`ResizeOnceHRNet`.
        dct_stream: Arguments of :class:`DCTStream`.
        backbone_channels: Widths of the backbone's four branches.
        fused_channels: Those of the last stage.
        num_blocks: Basic blocks per branch of the last stage.
        norm_cfg: Batch norm of the DCT stream, the last stage and the head.
        class_weight: Weights of (real, fake) pixels in the loss.
        **kwargs: Arguments of :class:`ForgerySegmentor`.

    Raises:
        ValueError: If windows (``test_cfg``) leave the grid of 8x8 blocks.
    """

    def __init__(
        self,
        backbone: ConfigType,
        dct_stream: ConfigType | None = None,
        backbone_channels: Sequence[int] = (48, 96, 192, 384),
        fused_channels: Sequence[int] = (24, 48, 96, 192),
        num_blocks: int = 4,
        norm_cfg: ConfigType = dict(type='BN', momentum=0.01),  # noqa: B006
        class_weight: tuple[float, float] = (0.5, 2.5),
        **kwargs,
    ) -> None:
        kwargs.setdefault('init_cfg', dict(type='Normal', std=0.001, layer='Conv2d'))
        super().__init__(**kwargs)
        dct_stream = dict(norm_cfg=norm_cfg) | dict(dct_stream or {})
        self.backbone = MODELS.build(backbone)
        self.dct_stream = DCTStream(**dct_stream)
        dct_channels = [0, *dct_stream.get('channels', (96, 192, 384))]
        in_channels = [sum(widths) for widths in zip(backbone_channels, dct_channels, strict=True)]
        self.transition = Transition(in_channels, fused_channels, norm_cfg)
        self.fusion = stage(fused_channels, 1, num_blocks, norm_cfg)
        width = sum(fused_channels)
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 1),
            build_norm_layer(norm_cfg, width)[1],
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 2, 1),
        )
        self.register_buffer('class_weight', torch.tensor(class_weight), persistent=False)
        self._check_windows()

    def _check_windows(self) -> None:
        for key in ('crop_size', 'stride'):
            if any(length % BLOCK for length in self.test_cfg.get(key) or ()):
                raise ValueError(
                    f'test_cfg.{key} of CatNet must be multiples of {BLOCK}, as the blocks of JPEG files are, '
                    f'got {tuple(self.test_cfg[key])}'
                )

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Fused features ``(B, C_i, H / s, W / s)``, of strides s of 4, 8, 16 and 32.

        Raises:
            ValueError: If the inputs are no pictures on their grid.
        """
        if inputs.shape[1] != CHANNELS or any(length % BLOCK for length in inputs.shape[2:]):
            raise ValueError(
                f'CatNet takes (B, {CHANNELS}, H, W) with sides that are multiples of {BLOCK}, as LoadJpegGrid makes '
                f'them in the pipeline, got {tuple(inputs.shape)}'
            )
        is_picture = self.is_picture(inputs)
        pixels = inputs[:, PIXELS].flip(1)  # BGR to RGB
        pixels = torch.where(is_picture, pixels / HALF_RANGE - 1, 0)
        fine, *coarser = self.backbone(pixels)
        table = inputs[:, STEP : STEP + 1, :BLOCK, :BLOCK]
        coefficients = inputs[:, COEFFICIENT : COEFFICIENT + 1]
        paired = zip(coarser, self.dct_stream(coefficients, table), strict=True)
        feats = [fine, *(torch.cat(pair, dim=1) for pair in paired)]
        return self.fusion(self.transition(feats))

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Logits ``(B, 2, H / 4, W / 4)``."""
        feats = self.extract_feat(inputs)
        size = feats[0].shape[2:]
        feats = [resize(feat, size=size, mode='bilinear', align_corners=False) for feat in feats]
        return ForgeryOutput(self.head(torch.cat(feats, dim=1)))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Cross-entropy at the size of the label, the weighted sum divided by the sum of the weights."""
        labels = stack_masks(data_samples)
        logits = self.forward_all(inputs).mask_logits
        logits = resize(logits, size=labels.shape[1:], mode='bilinear', align_corners=False)
        return dict(loss_pix=weighted_cross_entropy(logits, labels, self.class_weight))

    def is_picture(self, inputs: Tensor) -> Tensor:
        """Where the grid shows a pixel, ``(B, 1, H, W)``: not beyond the edges of the picture."""
        return inputs[:, :1] != OUTSIDE

    def example_inputs(self, shape: tuple[int, int, int] = (2, 64, 64)) -> Tensor:
        """Pixels, coefficients and a table, always the same."""
        batch, height, width = shape
        generator = torch.Generator().manual_seed(0)
        pixels = torch.randint(0, 256, (batch, 3, height, width), generator=generator)
        coefficients = torch.randint(-30, 31, (batch, 1, height, width), generator=generator)
        table = torch.randint(1, 41, (batch, 1, BLOCK, BLOCK), generator=generator)
        table = table.repeat(1, 1, height // BLOCK, width // BLOCK)
        return torch.cat([pixels, coefficients, table], dim=1).to(next(self.parameters()))
