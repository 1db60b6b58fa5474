"""A layer of ObjectFormer: object encoder, patch decoder, and boundary-sensitive modeling (BCIM)."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class CrossAttention(BaseModule):
    """Multi-head attention of one sequence to another.

    Args:
        channels: Width of both.
        num_heads: Number of heads.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q, self.k, self.v, self.proj = (nn.Linear(channels, channels) for _ in range(4))

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        """Attend from queries ``(B or 1, M, C)`` to a context ``(B, N, C)``: ``(B, M, C)``."""
        batch = context.shape[0]
        q, k, v = (
            x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for x in (self.q(queries), self.k(context), self.v(context))
        )
        out = F.scaled_dot_product_attention(q.expand(batch, -1, -1, -1), k, v)
        return self.proj(out.transpose(1, 2).flatten(2))


class AttentionBlock(BaseModule):
    """Attention and an MLP. As published, the residual carries the normed queries, and one norm serves both inputs.

    Args:
        channels: Width.
        num_heads: Number of heads.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attn = CrossAttention(channels, num_heads)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        """Queries ``(B or 1, M, C)`` that have seen a context ``(B, N, C)``: ``(B, M, C)``."""
        queries = self.norm1(queries)
        queries = queries + self.attn(queries, self.norm1(context))
        return queries + self.mlp(self.norm2(queries))


class ObjectFormerLayer(BaseModule):
    """Objects look at the patches, the patches look at the objects, then boundaries are told from what is around.

    Args:
        grid: Height and width of the image in patches.
        channels: Width.
        num_heads: Number of heads.
        num_prototypes: Number of learned objects.
        as_published: Whether BCIM divides by 9 a second time. Default: False.
    """

    def __init__(
        self, grid: int, channels: int, num_heads: int, num_prototypes: int, as_published: bool = False
    ) -> None:
        super().__init__()
        self.grid, self.as_published = grid, as_published
        self.object_prototypes = nn.Parameter(torch.randn(num_prototypes, channels))
        self.encoder = AttentionBlock(channels, num_heads)
        self.decoder = AttentionBlock(channels, num_heads)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens ``(B, 2 L, C)``, those of the colors before those of the frequencies, to the same shape."""
        objects = self.encoder(self.object_prototypes[None], x)
        x = to_map(self.decoder(x, objects), self.grid)
        x = x * similarity_to_neighbors(x, 81 if self.as_published else 9)
        return to_tokens(x, self.decoder.norm1.normalized_shape[0])


def to_map(tokens: Tensor, grid: int) -> Tensor:
    """Tokens ``(B, 2 L, C)`` as a map ``(B, 2 C, grid, grid)``: colors in the even channels, frequencies in the odd."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, grid, grid)


def to_tokens(maps: Tensor, channels: int) -> Tensor:
    """Inverse of :func:`to_map`: ``(B, 2 L, C)``."""
    return maps.reshape(maps.shape[0], channels, -1).transpose(1, 2)


def similarity_to_neighbors(x: Tensor, divisor: int) -> Tensor:
    """Sum of the cosine similarities of each cell to the 3x3 cells around it, itself included, by a divisor.

    Args:
        x: ``(B, C, H, W)``.
        divisor: 9 gives the mean. Cells outside have the similarity 0.

    Returns:
        ``(B, 1, H, W)``, in the type of ``x``.
    """
    unit = F.normalize(x.float(), dim=1, eps=1e-8)
    # The sum of the products is the product with the sum.
    around = F.avg_pool2d(unit, 3, stride=1, padding=1, divisor_override=divisor)
    return (unit * around).sum(dim=1, keepdim=True).to(x.dtype)
