"""MVSS-Net (Chen et al., ICCV 2021): an edge stream, a noise stream, and dual attention over both."""

from .dual_attention import DualAttentionHead
from .segmentor import MVSSNet

__all__ = ['DualAttentionHead', 'MVSSNet']
