"""HiFi-Net."""

from .fenet import FENet
from .head import HiFiHead
from .hifi_net import HiFiNet
from .mask_branches import HiFiFPNMaskBranch, HiFiMaskBranch

__all__ = ['FENet', 'HiFiFPNMaskBranch', 'HiFiHead', 'HiFiMaskBranch', 'HiFiNet']
