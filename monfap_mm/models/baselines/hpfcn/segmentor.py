"""HP-FCN: the whole model."""

import torch
from mmcv.cnn import build_norm_layer
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from ...segmentors import ForgeryOutput, ForgerySegmentor
from .losses import LOSSES
from .prefilter import HighPassFilters
from .residual_block import EXPANSION, init_conv, residual_block
from .upsampling import BilinearUpsampling

# The authors' decay is 0.997.
NORM_CFG = dict(type='BN', eps=1e-5, momentum=0.003)


@MODELS.register_module()
class HPFCN(ForgerySegmentor):
    """High-pass filters, four residual blocks of stride 2, up-sampling in two steps of 4. Detection by localization.

    Images are RGB in [0, 1] (``mean=[0, 0, 0]``, ``std=[255, 255, 255]``). Any size; nothing is padded.

    Args:
        widths: Channels of the 3x3 convolutions in the blocks; the outputs have 4 times as many.
            Default: (32, 64, 128, 256), which is the authors' network.
        decoder_channels: Channels between the two up-samplings. Default: 64.
        upsampling: ``'grouped'`` (default) or ``'shared'``, where the authors' code starts; see
            :class:`BilinearUpsampling`. Weights that are loaded make no difference between them.
        loss: ``'focal'`` (default), ``'wxent'`` or ``'xent'``.
        l2_weight: The loss has ``l2_weight / 2`` times the sum of squares of all weights of convolutions but the
            filters and up-samplings. Default: 1e-5.
        norm_cfg: Norm layers. Default: BN with momentum 0.003.
        **kwargs: Arguments of :class:`ForgerySegmentor`.

    Raises:
        ValueError: If upsampling or loss is unknown.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (32, 64, 128, 256),
        decoder_channels: int = 64,
        upsampling: str = 'grouped',
        loss: str = 'focal',
        l2_weight: float = 1e-5,
        norm_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if loss not in LOSSES:
            raise ValueError(f'loss must be one of {", ".join(LOSSES)}, but got {loss!r}.')
        self.pixel_loss = LOSSES[loss]
        self.l2_weight = l2_weight
        norm_cfg = norm_cfg or NORM_CFG
        channels = [width * EXPANSION for width in widths]
        self.prefilter = HighPassFilters()
        self.blocks = nn.ModuleList(
            residual_block(before, width, norm_cfg) for before, width in zip([9, *channels], widths)
        )
        self.upsample1 = BilinearUpsampling(channels[-1], decoder_channels, upsampling)
        self.upsample2 = BilinearUpsampling(decoder_channels, 4, upsampling)
        self.post_norm = build_norm_layer(norm_cfg, 4)[1]
        self.relu = nn.ReLU(inplace=True)
        self.logits = nn.Conv2d(4, 2, 5, padding=2)
        init_conv(self.logits)

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features ``(B, C_i, ceil(H / s), ceil(W / s))`` of s = 2, 4, 8, 16, of images ``(B, 3, H, W)``."""
        x, feats = self.prefilter(inputs), []
        for block in self.blocks:
            x = block(x)
            feats.append(x)
        return tuple(feats)

    def forward_all(self, inputs: Tensor) -> ForgeryOutput:
        """Pixel logits ``(B, 2, H, W)`` of images ``(B, 3, H, W)``."""
        _, middle, _, coarsest = self.extract_feat(inputs)
        x = self.upsample1(coarsest, middle.shape[2:])
        # Shared weights add up 64 channels, each the sum of 1024: more than fp16 holds.
        with torch.autocast(x.device.type, enabled=False):
            x = self.upsample2(x.to(self.logits.weight.dtype), inputs.shape[2:])
            return ForgeryOutput(self.logits(self.relu(self.post_norm(x))))

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """``loss_pix`` and the regularization ``loss_l2`` of images ``(B, 3, H, W)``."""
        target = torch.stack([sample.gt_sem_seg.data.squeeze(0) for sample in data_samples])
        losses = dict(loss_pix=self.pixel_loss(self.forward_all(inputs).mask_logits.float(), target))
        if self.l2_weight:
            losses['loss_l2'] = self.l2_weight * self.l2()
        return losses

    def l2(self) -> Tensor:
        """Half the sum of squares of the weights of all ordinary convolutions."""
        weights = [module.weight for module in self.modules() if isinstance(module, nn.Conv2d)]
        return sum(weight.square().sum() for weight in weights) / 2
