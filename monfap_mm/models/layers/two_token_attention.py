"""Attention between two tokens and many pixels, re-associated so that no pixel is ever projected.

Plain attention projects all N pixels to keys, values or queries: about 4 N C^2 operations and as many stored copies
of the image. With two tokens and h heads there are only 2 h vectors on the token side, so the projections move there.
Every result equals plain multi-head attention to rounding; the plain form is the oracle in the tests.

Shapes: B images, T = 2 tokens, N pixels, C channels, h heads of d = C / h channels.
"""

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

# A score that stays finite: softmax over nothing but blocked pixels is even instead of NaN.
_BLOCKED_SCORE = -1e8


class _Attention(BaseModule):
    """Projections shared by the three attentions.

    Args:
        channels: Width C of tokens and pixels.
        num_heads: Heads h.

    Raises:
        ValueError: If num_heads does not divide channels.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(
                f'num_heads={num_heads} does not divide the width of {channels} channels: choose another num_heads, '
                'or project the features to a width that it divides.'
            )
        self.num_heads = num_heads
        self.scale = 1 / math.sqrt(channels // num_heads)
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.out_proj = nn.Linear(channels, channels)

    def _split_heads(self, x: Tensor) -> Tensor:
        """``(..., C)`` to ``(..., h, d)``."""
        return x.unflatten(-1, (self.num_heads, -1))

    def _head_weights(self, proj: nn.Linear) -> Tensor:
        """The rows of a projection by head, ``(h, d, C)``."""
        return proj.weight.unflatten(0, (self.num_heads, -1))


class TokenSelfAttention(_Attention):
    """Multi-head attention among the tokens: two tokens leave nothing to re-associate."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend.

        Args:
            query: ``(B, T, C)``.
            key: ``(B, T, C)``.
            value: ``(B, T, C)``.

        Returns:
            ``(B, T, C)``.
        """
        q, k, v = (
            self._split_heads(proj(x)).transpose(1, 2)
            for proj, x in ((self.q_proj, query), (self.k_proj, key), (self.v_proj, value))
        )
        scores = (q * self.scale) @ k.transpose(-1, -2)
        attention = scores.softmax(dim=-1, dtype=_at_least_fp32(scores)).to(v.dtype)
        return self.out_proj((attention @ v).transpose(1, 2).flatten(2))


class TokenToImageAttention(_Attention):
    """Tokens look at pixels: masked attention of Eq. 4 and 5.

    A score is ``(W_q t + b_q) . (W_k p + b_k) = (W_k^T q) . p + q . b_k``: the queries go back to pixel space. A
    result is ``sum_n a_n (W_v p_n + b_v) = W_v (sum_n a_n p_n) + b_v``: the raw pixels are averaged first.
    """

    def forward(self, query: Tensor, key: Tensor, value: Tensor, blocked: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            query: Tokens ``(B, T, C)``.
            key: Pixels with their position code ``(B, N, C)``.
            value: Pixels ``(B, N, C)``.
            blocked: Boolean ``(B, T, N)``, True where token t may not look at pixel n. A token
                with everything blocked looks at all pixels evenly. Default: None, nothing is blocked.

        Returns:
            ``(B, T, C)``.
        """
        q = self._split_heads(self.q_proj(query)) * self.scale
        pixel_query = torch.einsum('bthd,hdc->bthc', q, self._head_weights(self.k_proj).to(q.dtype)).flatten(1, 2)
        # The same for all pixels of a row, so it cancels in the softmax; it stays so that b_k is part of the graph.
        offset = (q * self._split_heads(self.k_proj.bias).to(q.dtype)).sum(-1).flatten(1)[..., None]
        scores = torch.baddbmm(offset, pixel_query, key.to(q.dtype).transpose(1, 2))
        scores = scores.to(_at_least_fp32(scores))
        if blocked is not None:
            blocked = blocked.repeat_interleave(self.num_heads, dim=1)
            scores = scores.masked_fill(blocked, _BLOCKED_SCORE)
        attention = scores.softmax(dim=-1).to(value.dtype)
        averaged = (attention @ value).unflatten(1, (-1, self.num_heads))
        heads = torch.einsum('bthc,hdc->bthd', averaged, self._head_weights(self.v_proj).to(averaged.dtype))
        return self.out_proj(heads.flatten(2) + self.v_proj.bias.to(heads.dtype))


class ImageToTokenAttention(_Attention):
    """Pixels look at the two tokens.

    A softmax over two scores is a sigmoid of their difference, so per head a pixel needs one number,
    ``g = sigmoid((p W_q + b_q) . (k_1 - k_0))``, and its result is ``v_0 + g (v_1 - v_0)``. ``W_q`` is folded into the
    keys and ``W_o`` into the values: h vectors in place of four projections of the image.
    """

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend.

        Args:
            query: Pixels with their position code ``(B, N, C)``.
            key: The two tokens ``(B, 2, C)``.
            value: The two tokens ``(B, 2, C)``.

        Returns:
            ``(B, N, C)``.
        """
        first, second = self._split_heads(self.k_proj(key)).unbind(1)
        k = (second - first) * self.scale
        pixel_key = torch.einsum('bhd,hdc->bch', k, self._head_weights(self.q_proj).to(k.dtype))
        offset = (k * self._split_heads(self.q_proj.bias).to(k.dtype)).sum(-1)[:, None]
        scores = torch.baddbmm(offset, query.to(k.dtype), pixel_key)
        attention = scores.to(_at_least_fp32(scores)).sigmoid().to(query.dtype)

        first, second = self._split_heads(self.v_proj(value)).unbind(1)
        out_weights = self.out_proj.weight.unflatten(1, (self.num_heads, -1)).to(first.dtype)
        pixel_value = torch.einsum('bhd,chd->bhc', second - first, out_weights)
        base = self.out_proj(first.flatten(1))[:, None]
        return torch.baddbmm(base.to(query.dtype), attention, pixel_value.to(query.dtype))


def _at_least_fp32(x: Tensor) -> torch.dtype:
    """The type in which a softmax of x is safe: fp32 for half types, else that of x."""
    return torch.promote_types(x.dtype, torch.float32)
