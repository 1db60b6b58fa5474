"""HP-FCN: high-pass residuals and a fully convolutional network (Li and Huang, ICCV 2019)."""

from .segmentor import HPFCN

__all__ = ['HPFCN']
