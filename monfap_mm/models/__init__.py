"""Models: segmentor, necks, head and losses, registered in mmseg's registry."""

from .decode_heads import FUPHead
from .losses import SampleWeightedCrossEntropy
from .necks import ChannelProjection, MixtureOfNoises
from .segmentors import ForgeryTTAModel, MoNFAP

__all__ = [
    'ChannelProjection',
    'FUPHead',
    'ForgeryTTAModel',
    'MixtureOfNoises',
    'MoNFAP',
    'SampleWeightedCrossEntropy',
]
