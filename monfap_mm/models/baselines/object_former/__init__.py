"""ObjectFormer."""

from .encoder import ObjectFormerEncoder
from .head import ObjectFormerHead
from .object_former import ObjectFormer

__all__ = ['ObjectFormer', 'ObjectFormerEncoder', 'ObjectFormerHead']
