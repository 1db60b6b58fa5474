"""Models: segmentor, backbone, necks, head and losses, and the peers, registered in mmseg's registry."""

from . import baselines
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
    'baselines',
]
