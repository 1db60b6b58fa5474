import hashlib
from collections import Counter

import pytest

from monfap_mm.curation.shares import draw


@pytest.mark.parametrize(
    ('first', 'part'),
    [(0, 'a'), (2**62 - 2048, 'a'), (2**62, 'b'), (2**63 - 2048, 'b'), (2**63, 'd'), (2**64 - 1, 'd')],
)
def test_parts_follow_each_other_up_to_the_last_digest(first, part):
    shares = {'none': 0, 'a': 1, 'b': 1, 'c': 0, 'd': 2, 'rest': 0}
    assert draw(first.to_bytes(8, 'big') + b'more', shares) == part


def test_parts_are_drawn_as_often_as_their_shares():
    digests = (hashlib.sha256(b'%d' % number).digest() for number in range(20_000))
    drawn = Counter(draw(digest, {'train': 70, 'val': 20.0, 'test': 10}) for digest in digests)
    shares = {'train': 0.7, 'val': 0.2, 'test': 0.1}
    # Four standard deviations of the largest.
    assert {part: count / 20_000 for part, count in drawn.items()} == pytest.approx(shares, abs=0.013)
