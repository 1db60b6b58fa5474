"""ObjectFormer: IMDL-BenCo's on a ViT, and the authors' on a Visual Parser."""

from .encoder import ObjectFormerEncoder
from .head import ObjectFormerHead
from .object_former import ObjectFormer
from .vip import ViP
from .vip_object_former import ViPObjectFormer, ViPObjectFormerHead

__all__ = ['ObjectFormer', 'ObjectFormerEncoder', 'ObjectFormerHead', 'ViP', 'ViPObjectFormer', 'ViPObjectFormerHead']
