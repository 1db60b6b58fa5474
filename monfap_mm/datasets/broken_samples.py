"""Which samples of a training set turned out to be broken, and whether there are too many of them."""

import math
from collections.abc import Callable

import numpy as np
import torch
from mmengine.dist import get_world_size

from ..structures.classes import CLASSES

_UNSEEN, _GOOD, _BROKEN = 0, 1, 2


class BrokenSamples:
    """What became of each sample, in memory that the workers of a data loader share and that lasts for all epochs.

    A sample counts once, however often it is drawn.

    Args:
        num_samples: Number of samples.
        max_share: Largest share of broken samples among the real, and among the fake ones, 0 to 1.
        patience: As many broken samples of a label, and none that is sound, are too many whatever the share.
    """

    def __init__(self, num_samples: int, max_share: float, patience: int) -> None:
        self._states = torch.zeros(num_samples, dtype=torch.uint8).share_memory_()
        self._labels: np.ndarray | None = None
        self._max_share = max_share
        self._patience = patience
        self._processes = get_world_size()

    def add(self, index: int, broken: bool) -> None:
        """Note what became of a sample."""
        self._states[index] = _BROKEN if broken else _GOOD

    def verdict(self, label_of: Callable[[int], int]) -> str | None:
        """Whether training should stop.

        One broken sample of each label is always forgiven, and while no sample at all is sound nothing is said: then
        the number of failures in a row decides.

        Args:
            label_of: Label of a sample, by its index.

        Returns:
            What is wrong, or None.
        """
        states = self._states.numpy()
        if not (states == _GOOD).any():
            return None
        if self._labels is None:
            self._labels = np.fromiter(map(label_of, range(len(states))), np.uint8, len(states))
        for label, name in enumerate(CLASSES):
            of_label = states[self._labels == label]
            broken, good = (int((of_label == state).sum()) for state in (_BROKEN, _GOOD))
            if broken and not good and broken >= min(self._patience, len(of_label)):
                return f'all {name} samples that were read are broken ({broken} of {broken})'
            # What this process reads in an epoch: fewer say little about the share.
            seen = max(broken + good, math.ceil(len(of_label) / self._processes))
            if broken > max(1, self._max_share * seen):
                return (
                    f'{broken} of {len(of_label)} {name} samples are known to be broken, '
                    f'and at most {self._max_share:.0%} may be (max_broken)'
                )
        return None
