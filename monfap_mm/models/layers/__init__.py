"""Building blocks: they know nothing of configs, data samples or losses."""

from .channel_check import check_channels
from .coarse_localizer import CoarseLocalizer
from .fat import ForgeryAwareTransformer
from .gating import NoisyTopKGate
from .mone import MoNE
from .position_encoding import FourierPositionEncoding
from .up_sampler import UpSampler

__all__ = [
    'CoarseLocalizer',
    'ForgeryAwareTransformer',
    'FourierPositionEncoding',
    'MoNE',
    'NoisyTopKGate',
    'UpSampler',
    'check_channels',
]
