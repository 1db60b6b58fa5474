"""Models: segmentor, backbone, necks, head and losses, registered in mmseg's registry."""

from .backbones import ConvNeXtV2
from .decode_heads import FUPHead
from .losses import SampleWeightedCrossEntropy
from .necks import ChannelProjection, MixtureOfNoises
from .segmentors import ForgerySegmentor, ForgeryTTAModel, MoNFAP

__all__ = [
    'ChannelProjection',
    'ConvNeXtV2',
    'FUPHead',
    'ForgerySegmentor',
    'ForgeryTTAModel',
    'MixtureOfNoises',
    'MoNFAP',
    'SampleWeightedCrossEntropy',
]
