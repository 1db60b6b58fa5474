"""Necks."""

from .channel_projection import ChannelProjection
from .mixture_of_noises import MixtureOfNoises

__all__ = ['ChannelProjection', 'MixtureOfNoises']
