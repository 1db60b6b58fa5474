"""The backbone of the authors' ObjectFormer."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from .vip_layers import PartEncoder, WholeDecoder


class ViPStage(BaseModule):
    """Projection to a coarser map, then blocks of encoder and decoder in windows.

    Args:
        in_channels, channels: Channels before and of this stage.
        stride: Of the projection.
        heads: Number of heads of the encoder and of the decoder.
        window: Height and width of a window. As published, the padding to whole windows takes part in all attentions.
        num_tokens: Number of tokens.
        drop_paths: Probability for each block.
        is_last: Whether the tokens read once more after the blocks. Default: False.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int,
        heads: tuple[int, int],
        window: int,
        num_tokens: int,
        drop_paths: Sequence[float],
        is_last: bool = False,
    ) -> None:
        super().__init__()
        encoder_heads, decoder_heads = heads
        self.heads, self.window = heads, window
        self.reduce = nn.Conv2d(in_channels, in_channels, 3, stride=stride, padding=1, groups=in_channels)
        self.project = nn.Linear(in_channels, channels, bias=False)
        self.norm = nn.LayerNorm(channels)
        self.project_tokens = nn.Sequential(nn.Linear(in_channels, channels), nn.LayerNorm(channels))
        self.rpn_qpos, self.rpn_kpos = (
            nn.Parameter(0.02 * torch.randn(1, num_tokens, 1, channels // count)) for count in heads
        )
        self.encoders = nn.ModuleList(PartEncoder(channels, encoder_heads, num_tokens, p) for p in drop_paths)
        self.decoders = nn.ModuleList(WholeDecoder(channels, decoder_heads, window, p) for p in drop_paths)
        self.last_enc = PartEncoder(channels, encoder_heads, num_tokens, with_ffn=False) if is_last else None

    def forward(self, x: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(B, C, h, w)`` and tokens ``(B, T, C)`` of this stage from those of the one before."""
        x = self.norm(self.project(self.reduce(x).permute(0, 2, 3, 1)))
        tokens = self.project_tokens(tokens)
        height, width = x.shape[1:3]
        bottom, right = -height % self.window, -width % self.window
        x = F.pad(x, (0, 0, 0, right, 0, bottom))
        rows, columns = x.shape[1] // self.window, x.shape[2] // self.window
        x = x.unflatten(2, (columns, self.window)).unflatten(1, (rows, self.window)).transpose(2, 3).flatten(1, 4)
        # The same position for each head.
        q_position, k_position = (
            position.expand(-1, -1, count, -1).flatten(2)
            for position, count in zip((self.rpn_qpos, self.rpn_kpos), self.heads)
        )
        for encoder, decoder in zip(self.encoders, self.decoders):
            tokens = encoder(tokens, q_position, x)
            x = decoder(x, tokens, k_position)
        if self.last_enc is not None:
            tokens = self.last_enc(tokens, q_position, x)
        x = x.unflatten(1, (rows, columns, self.window, self.window)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
        return x[:, :height, :width].permute(0, 3, 1, 2), tokens


@MODELS.register_module()
class ViP(BaseModule):
    """Stem and four stages, of which the last gives tokens only.

    Args:
        channels: Of the stages. Default: 96, 192, 384, 768.
        depths: Blocks of the stages. Default: 1, 1, 3, 1.
        encoder_heads, decoder_heads: Of the stages. Defaults: 1, 3, 6, 12 and 3, 6, 12, 24.
        windows: Height and width of the windows. Default: 8, 7, 7, 7.
        num_tokens: Number of tokens. Default: 64.
        drop_path_rate: Of the last block; the first has 0. Default: 0.1.
    """

    def __init__(
        self,
        channels: Sequence[int] = (96, 192, 384, 768),
        depths: Sequence[int] = (1, 1, 3, 1),
        encoder_heads: Sequence[int] = (1, 3, 6, 12),
        decoder_heads: Sequence[int] = (3, 6, 12, 24),
        windows: Sequence[int] = (8, 7, 7, 7),
        num_tokens: int = 64,
        drop_path_rate: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02))
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.norm1 = nn.BatchNorm2d(64)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.obj_queries = nn.Parameter(0.02 * torch.randn(1, num_tokens, 64))
        drops = iter(torch.linspace(0, drop_path_rate, sum(depths)).tolist())
        self.stages = nn.ModuleList(
            ViPStage(
                before,
                width,
                1 if i == 0 else 2,
                (encoder_heads[i], decoder_heads[i]),
                windows[i],
                num_tokens,
                [next(drops) for _ in range(depths[i])],
                is_last=i == len(channels) - 1,
            )
            for i, (before, width) in enumerate(zip((64, *channels[:-1]), channels))
        )

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps ``(B, C_i, h_i, w_i)`` of all stages but the last, strides 4, 8, 16, and its tokens ``(B, T, C_3)``."""
        x = self.pool1(F.gelu(self.norm1(self.conv1(images))))
        tokens, feats = self.obj_queries.expand(images.shape[0], -1, -1), []
        for stage in self.stages:
            x, tokens = stage(x, tokens)
            feats.append(x)
        return feats[:-1], tokens
