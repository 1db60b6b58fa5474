"""Necks."""

from .channel_projection import ChannelProjection
from .mixture_of_noises import MixtureOfNoises, NoiseCues

__all__ = ['ChannelProjection', 'MixtureOfNoises', 'NoiseCues']
