"""The systems that MoNFAP is compared with (Tables II to V), one package each.

A package ``<name>`` holds the segmentor (a ``ForgerySegmentor``, registered in mmseg's registry), its parts, its losses
and ``checkpoint.py``, whose ``to_state_dict(checkpoint)`` turns what the authors' file holds into the state dict of the
segmentor (``tools/model_converters/peers2mm.py`` calls it).
"""

from .cat_net import CatNet
from .doa_gan import DOAGAN
from .hifi_net import HiFiNet
from .hpfcn import HPFCN
from .mantra_net import ManTraNet
from .mvss_net import MVSSNet
from .ncl_iml import NCLAfterPaper
from .object_former import ObjectFormer
from .pscc_net import PSCCNet

__all__ = [
    'DOAGAN',
    'CatNet',
    'HPFCN',
    'HiFiNet',
    'MVSSNet',
    'NCLAfterPaper',
    'ManTraNet',
    'ObjectFormer',
    'PSCCNet',
]
