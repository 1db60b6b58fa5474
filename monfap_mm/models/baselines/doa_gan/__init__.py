"""DOA-GAN."""

from .discriminator import DOADiscriminator
from .doa_gan import DOAGAN
from .head import DOAHead

__all__ = ['DOAGAN', 'DOADiscriminator', 'DOAHead']
