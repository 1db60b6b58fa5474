"""Layers of the authors' ObjectFormer, a Visual Parser: parts (tokens) read the whole (windows), and write back."""

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.drop import DropPath
from mmengine.model import BaseModule
from torch import Tensor, nn


class NormedAttention(BaseModule):
    """Multi-head attention with a norm of its own for each of the three inputs.

    Args:
        channels: Width.
        num_heads: Number of heads.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm_q, self.norm_k, self.norm_v = (nn.LayerNorm(channels) for _ in range(3))
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.proj = nn.Linear(channels, channels)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, relative: 'RelativePosition | None' = None
    ) -> Tensor:
        """Attend from ``(B, M, C)`` to ``(B, N, C)``: ``(B, M, C)``."""
        q, k, v = (
            linear(norm(x)).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for linear, norm, x in (
                (self.to_q, self.norm_q, queries),
                (self.to_k, self.norm_k, keys),
                (self.to_v, self.norm_v, values),
            )
        )
        bias = None if relative is None else relative(q) * q.shape[-1] ** -0.5
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(out.transpose(1, 2).flatten(2))


class RelativePosition(BaseModule):
    """What a query in a window says of the rows (first half of its channels) and columns (second half) around it.

    Args:
        window: Height and width of a window.
        channels: Channels of a head.
    """

    def __init__(self, window: int, channels: int) -> None:
        super().__init__()
        self.rel_emb_h, self.rel_emb_w = (
            nn.Parameter(0.02 * torch.randn(2 * window - 1, channels // 2)) for _ in range(2)
        )
        steps = torch.arange(window)
        self.register_buffer('offsets', steps - steps[:, None] + window - 1, persistent=False)

    def forward(self, q: Tensor) -> Tensor:
        """Scores ``(B, heads, K, K)``, of queries by keys, for projected queries ``(B, heads, K, C)``."""
        window = len(self.offsets)
        by_row, by_column = q.unflatten(2, (window, window)).chunk(2, dim=-1)
        rows = torch.einsum('bhrcd,rsd->bhrcs', by_row, self.rel_emb_h[self.offsets].to(q.dtype))
        columns = torch.einsum('bhrcd,csd->bhrcs', by_column, self.rel_emb_w[self.offsets].to(q.dtype))
        return (rows[..., :, None] + columns[..., None, :]).flatten(4).flatten(2, 3)


class FeedForward(BaseModule):
    """Norm and two linear layers.

    Args:
        channels: Width.
        hidden: Width between the two.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fc1, self.fc2 = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., C)`` to the same shape."""
        return self.fc2(F.gelu(self.fc1(self.norm(x))))


class PartEncoder(BaseModule):
    """Tokens read all cells, then each other.

    Args:
        channels: Width.
        num_heads: Number of heads.
        num_tokens: Number of tokens.
        drop_path: Probability that a residual is left out.
        with_ffn: Whether a feed-forward layer ends it. Default: True.
    """

    def __init__(
        self, channels: int, num_heads: int, num_tokens: int, drop_path: float = 0.0, with_ffn: bool = True
    ) -> None:
        super().__init__()
        self.enc_attn = NormedAttention(channels, num_heads)
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(num_tokens, num_tokens, bias=False)
        self.enc_ffn = FeedForward(channels, channels) if with_ffn else None
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, position: Tensor, cells: Tensor) -> Tensor:
        """Tokens ``(B, T, C)`` with positions ``(1, T, C)`` that have read cells ``(B, N, C)``."""
        tokens = tokens + self.drop_path(self.enc_attn(tokens + position, cells, cells))
        tokens = tokens + self.drop_path(self.mix(self.norm(tokens).transpose(1, 2)).transpose(1, 2))
        return tokens if self.enc_ffn is None else tokens + self.drop_path(self.enc_ffn(tokens))


class WholeDecoder(BaseModule):
    """Cells read the tokens, then the cells of their window.

    Args:
        channels: Width.
        num_heads: Number of heads.
        window: Height and width of a window.
        drop_path: Probability that a residual is left out.
    """

    def __init__(self, channels: int, num_heads: int, window: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.attn1, self.attn2 = (NormedAttention(channels, num_heads) for _ in range(2))
        self.ffn1, self.ffn2 = (FeedForward(channels, 3 * channels) for _ in range(2))
        self.rel_pos = RelativePosition(window, channels // num_heads)
        self.cells = window**2
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, tokens: Tensor, position: Tensor) -> Tensor:
        """Cells ``(B, P K, C)`` of P windows that have read tokens ``(B, T, C)`` with positions ``(1, T, C)``."""
        x = x + self.drop_path(self.attn1(x, tokens + position, tokens))
        x = x + self.drop_path(self.ffn1(x))
        windows = x.unflatten(1, (-1, self.cells)).flatten(0, 1)
        windows = windows + self.drop_path(self.attn2(windows, windows, windows, self.rel_pos))
        windows = windows + self.drop_path(self.ffn2(windows))
        return windows.reshape(x.shape)
