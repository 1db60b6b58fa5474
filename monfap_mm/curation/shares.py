"""Drawing a part of a set by a hash, so that an item's part depends on nothing but what was hashed."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate


def draw(digest: bytes, shares: Mapping[str, float]) -> str:
    """Draw a part with the given shares.

    Args:
        digest: A cryptographic hash, of 8 bytes or more.
        shares: Share of every part, finite and 0 or more, not all 0; only their proportions matter.

    Returns:
        Name of the part; never one whose share is 0.
    """
    ends = list(accumulate(shares.values()))
    # 53 bits, as many as a float holds: more could round up to 1, which lies in no part.
    drawn = (int.from_bytes(digest[:8], 'big') >> 11) / 2**53 * ends[-1]
    return list(shares)[bisect_right(ends, drawn)]
