"""Forgery-aware Transformer, one stage of the Forgery-aware Unified Predictor (Eq. 1, Fig. 4a)."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from .two_token_attention import ImageToTokenAttention, TokenSelfAttention, TokenToImageAttention


class TwoWayBlock(BaseModule):
    """Tokens update each other and from the image, then the image updates from the tokens. Post-norm.

    Args:
        channels: Width C.
        num_heads: Attention heads.
        mlp_channels: Hidden width of the tokens' MLP.
        replace_tokens: The block is the first of its stage: self-attention replaces the tokens, without
            residual and without position code.
    """

    def __init__(self, channels: int, num_heads: int, mlp_channels: int, replace_tokens: bool) -> None:
        super().__init__()
        self.replace_tokens = replace_tokens
        self.self_attn = TokenSelfAttention(channels, num_heads)
        self.norm1 = nn.LayerNorm(channels)
        self.token_to_image = TokenToImageAttention(channels, num_heads)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, mlp_channels), nn.ReLU(), nn.Linear(mlp_channels, channels))
        self.norm3 = nn.LayerNorm(channels)
        self.image_to_token = ImageToTokenAttention(channels, num_heads)
        self.norm4 = nn.LayerNorm(channels)

    def forward(
        self, tokens: Tensor, pixels: Tensor, token_code: Tensor, pixel_code: Tensor, blocked: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Update tokens ``(B, 2, C)`` and pixels ``(B, N, C)``; shapes of the rest as in the stage below."""
        if self.replace_tokens:
            tokens = self.norm1(self.self_attn(tokens, tokens, tokens))
        else:
            query = tokens + token_code
            tokens = self.norm1(tokens + self.self_attn(query, query, tokens))
        placed = pixels + pixel_code
        tokens = self.norm2(tokens + self.token_to_image(tokens + token_code, placed, pixels, blocked))
        tokens = self.norm3(tokens + self.mlp(tokens))
        pixels = self.norm4(pixels + self.image_to_token(placed, tokens + token_code, tokens))
        return tokens, pixels


class ForgeryAwareTransformer(BaseModule):
    """Two two-way blocks and one more masked look of the tokens at the image.

    Args:
        channels: Width C of the stage.
        num_heads: Attention heads. Default: 8.
        mlp_channels: Hidden width of the tokens' MLPs. Default: 2048.
    """

    def __init__(self, channels: int, num_heads: int = 8, mlp_channels: int = 2048) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            TwoWayBlock(channels, num_heads, mlp_channels, replace_tokens=first) for first in (True, False)
        )
        self.final_attn = TokenToImageAttention(channels, num_heads)
        self.final_norm = nn.LayerNorm(channels)

    def forward(
        self, tokens: Tensor, pixels: Tensor, pixel_code: Tensor, blocked: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """``t_{i+1}, p_{i+1} = FAT_i(t'_i, p'_i, mask)`` (Eq. 1).

        Args:
            tokens: Real and fake token t' ``(B, 2, C)``; also their own position code.
            pixels: Image features p' ``(B, N, C)``.
            pixel_code: Position code of the pixels ``(N, C)``.
            blocked: Boolean ``(B, 2, N)``, True where mask = 0 in Eq. 5. Default: None.

        Returns:
            Tokens ``(B, 2, C)`` and pixels ``(B, N, C)``.
        """
        token_code = tokens
        for block in self.blocks:
            tokens, pixels = block(tokens, pixels, token_code, pixel_code, blocked)
        attended = self.final_attn(tokens + token_code, pixels + pixel_code, pixels, blocked)
        return self.final_norm(tokens + attended), pixels
