"""What an answer is made of."""

from .forgery_result import REAL_FAKE, SCHEMA_VERSION, ForgeryResult, check_schema
from .region import Region, find_regions
from .rle import decode_rle, encode_rle, rle_share

__all__ = [
    'REAL_FAKE',
    'SCHEMA_VERSION',
    'ForgeryResult',
    'Region',
    'check_schema',
    'decode_rle',
    'encode_rle',
    'find_regions',
    'rle_share',
]
