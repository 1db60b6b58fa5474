"""Dividing samples so that no photograph has a part on both sides."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from ..shares import draw
from .sample import Sample

SPLITS = ('train', 'val', 'test')
# A group with more than this share of all samples would upset the shares wherever chance put it.
_LARGE = 0.05


def divide(samples: Iterable[Sample], shares: tuple[float, float, float], seed: int) -> dict[str, str]:
    """Draw a split for every sample.

    Samples that share a source, directly or through others, form a group that stays together; each group is drawn by
    itself, so the shares are met on average. A group of more than 5% of all samples goes where the largest share is.

    Args:
        samples: The samples.
        shares: Shares of train, val and test; only their proportions matter.
        seed: Another seed, another draw.

    Returns:
        Split by the path of the image.
    """
    samples = list(samples)
    parent: dict[str, str] = {}

    def find(source: str) -> str:
        while parent.setdefault(source, source) != source:
            parent[source] = source = parent[parent[source]]
        return source

    for sample in samples:
        first, *others = map(find, sample.sources)
        for other in others:
            # The smallest name stands for its group, whatever the order of the samples.
            low, high = sorted((find(first), find(other)))
            parent[high] = low
    groups = {sample.image: find(sample.sources[0]) for sample in samples}
    large = {group for group, size in Counter(groups.values()).items() if size > _LARGE * len(samples)}
    largest = SPLITS[shares.index(max(shares))]
    return {image: largest if group in large else _draw(group, shares, seed) for image, group in groups.items()}


def _draw(group: str, shares: tuple[float, float, float], seed: int) -> str:
    digest = hashlib.sha256(f'{seed}:{group}'.encode('utf-8', 'surrogateescape')).digest()
    return draw(digest, dict(zip(SPLITS, shares)))
