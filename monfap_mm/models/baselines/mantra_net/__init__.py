"""ManTra-Net: manipulation traces and local anomalies (Wu, AbdAlmageed and Natarajan, CVPR 2019)."""

from .segmentor import ManTraNet

__all__ = ['ManTraNet']
