"""CAT-Net: an RGB stream and a stream of JPEG coefficients (Kwon et al., WACV 2021 and IJCV 2022)."""

from .checkpoint import to_state_dict
from .segmentor import CatNet

__all__ = ['CatNet', 'to_state_dict']
