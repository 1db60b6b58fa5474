"""Patch embeddings and layers of ObjectFormer."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from mmseg.utils import OptConfigType
from torch import Tensor, nn

from .frequency import HighFrequencies
from .layers import ObjectFormerLayer, to_map

PATCH = 16


@MODELS.register_module()
class ObjectFormerEncoder(BaseModule):
    """Two streams of patches, colors and high frequencies, through layers of object encoder and patch decoder.

    Args:
        image_size: Height and width of the images, a multiple of 16; the position table is made for it. Default: 224.
        num_layers: Default: 8.
        channels: Width. Default: 768.
        num_heads: Default: 12.
        num_prototypes: Learned objects of a layer. Default: 392, the published number.
        as_published: See :class:`HighFrequencies` and :class:`ObjectFormerLayer`. Default: False.
        init_cfg: ``dict(type='Pretrained', checkpoint=..., prefix='backbone.')`` names a ViT of mmpretrain with as
            wide layers, see :func:`from_vit`. Default: None.

    Raises:
        ValueError: If the patches do not divide the images.
    """

    def __init__(
        self,
        image_size: int = 224,
        num_layers: int = 8,
        channels: int = 768,
        num_heads: int = 12,
        num_prototypes: int = 392,
        as_published: bool = False,
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(init_cfg)
        if image_size % PATCH:
            raise ValueError(f'image_size must be a multiple of {PATCH}, but got {image_size}.')
        self.image_size, self.grid = image_size, image_size // PATCH
        self.high_frequencies = HighFrequencies(image_size, as_published)
        self.color_embed, self.frequency_embed = (nn.Conv2d(3, channels, PATCH, stride=PATCH) for _ in range(2))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 2 * self.grid**2, channels))
        self.layers = nn.ModuleList(
            ObjectFormerLayer(self.grid, channels, num_heads, num_prototypes, as_published) for _ in range(num_layers)
        )

    def init_weights(self) -> None:
        """Initialize; all but what a ViT gives stays as PyTorch has it."""
        if isinstance(self.init_cfg, Mapping) and self.init_cfg['type'] == 'Pretrained':
            checkpoint = CheckpointLoader.load_checkpoint(self.init_cfg['checkpoint'], map_location='cpu')
            prefix = self.init_cfg.get('prefix', '')
            weights = {
                key.removeprefix(prefix): value
                for key, value in checkpoint.get('state_dict', checkpoint).items()
                if key.startswith(prefix)
            }
            self.load_state_dict(from_vit(weights, len(self.layers), self.grid), strict=False)
        self._is_init = True

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(B, 2 C, N/16, N/16)`` of normalized images ``(B, 3, N, N)``: colors in the even channels."""
        streams = self.color_embed(images), self.frequency_embed(self.high_frequencies(images))
        x = torch.cat([stream.flatten(2).transpose(1, 2) for stream in streams], dim=1) + self.pos_embed
        for layer in self.layers:
            x = layer(x)
        return to_map(x, self.grid)


def from_vit(vit: Mapping[str, Tensor], num_layers: int, grid: int) -> dict[str, Tensor]:
    """Weights for :class:`ObjectFormerEncoder` from a ViT: each of its first layers for both encoder and decoder.

    Both embeddings start as the ViT's; its table of positions is resized to the grid and stands there twice.

    Args:
        vit: State dict of mmpretrain's ``VisionTransformer``.
        num_layers: Number of layers here.
        grid: Height and width in patches.
    """
    weights = {}
    for kind in ('weight', 'bias'):
        for ours in ('color_embed', 'frequency_embed'):
            weights[f'{ours}.{kind}'] = vit[f'patch_embed.projection.{kind}']
        for i in range(num_layers):
            theirs = f'layers.{i}'
            part = dict(zip('qkv', vit[f'{theirs}.attn.qkv.{kind}'].chunk(3)))
            part |= {'proj': vit[f'{theirs}.attn.proj.{kind}']}
            one = {f'attn.{name}.{kind}': value for name, value in part.items()}
            one |= {f'norm{n}.{kind}': vit[f'{theirs}.ln{n}.{kind}'] for n in (1, 2)}
            one[f'mlp.0.{kind}'] = vit[f'{theirs}.ffn.layers.0.0.{kind}']
            one[f'mlp.2.{kind}'] = vit[f'{theirs}.ffn.layers.1.{kind}']
            weights |= {f'layers.{i}.{block}.{key}': v for block in ('encoder', 'decoder') for key, v in one.items()}
    table = vit['pos_embed'][:, 1:].transpose(1, 2)  # without the class token
    side = round(table.shape[2] ** 0.5)
    table = F.interpolate(table.unflatten(2, (side, side)), (grid, grid), mode='bicubic', align_corners=False)
    weights['pos_embed'] = table.flatten(2).transpose(1, 2).repeat(1, 2, 1)
    return weights
