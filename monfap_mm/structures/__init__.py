"""What an answer is made of."""

from .classes import CLASSES, PALETTE
from .forgery_result import SCHEMA_VERSION, ForgeryResult, check_schema
from .region import Region, find_regions
from .rle import decode_rle, encode_rle, rle_share
from .stretch import Stretch, find_stretches, video_score
from .video_result import FRAME_COLUMNS, FrameScore, VideoResult, is_video_answer

__all__ = [
    'CLASSES',
    'FRAME_COLUMNS',
    'PALETTE',
    'SCHEMA_VERSION',
    'ForgeryResult',
    'FrameScore',
    'Region',
    'Stretch',
    'VideoResult',
    'check_schema',
    'decode_rle',
    'encode_rle',
    'find_regions',
    'find_stretches',
    'is_video_answer',
    'rle_share',
    'video_score',
]
