"""PSCC-Net (Liu et al., TCSVT 2022): masks from coarse to fine, from correlations in space and between channels."""

from .segmentor import PSCCNet

__all__ = ['PSCCNet']
