"""NCL-IML after the paper: its authors published neither network nor training code (Zhou et al., ICCV 2023)."""

from .segmentor import NCLAfterPaper

__all__ = ['NCLAfterPaper']
