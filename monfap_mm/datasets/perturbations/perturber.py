"""Random combinations of perturbations that depend on the picture and a seed alone."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .table import Perturbation, load_table

# In smaller ones a drop of rain finds no place.
MIN_SIDE = 24


@dataclass(frozen=True)
class Step:
    """One perturbation that was drawn for a picture.

    Attributes:
        perturbation: Which.
        severity: How strong, from 1.
        seed: What its own randomness starts from.
    """

    perturbation: Perturbation
    severity: int
    seed: int

    def record(self) -> dict:
        """All that is needed to apply the step again, ready for JSON."""
        chosen = self.perturbation
        return dict(
            family=chosen.family,
            name=chosen.name,
            severity=self.severity,
            type=chosen.type,
            arguments=chosen.at(self.severity),
            seed=self.seed,
        )


class Perturber:
    """Applies a random combination of perturbations to a picture.

    Drawn are: how many families, which of them and in which order, one perturbation of each, and its severity; all
    evenly. The generator starts from ``seed`` and the pixels of the picture, so the same picture gets the same
    perturbations wherever its file lies, on any machine and in any process. No global random state is used.

    A perturbation that moves the mask so that no manipulated pixel is left, where there were some, is left out: the
    perturbed set has the same labels as the clean one.

    Args:
        families: What to draw from; see :func:`load_table`.
        severity: Severity, or the range (lowest, highest) that it is drawn from. 0 leaves the picture as it is.
        num: Number of families to combine, or its range; never more than there are.
        seed: Another seed gives other perturbations.

    Raises:
        ImportError: If albumentations is needed and not installed.
        ValueError: If an argument or an entry of the table is not right.
    """

    def __init__(
        self,
        families: Mapping | Iterable[str] | None = None,
        severity: int | tuple[int, int] = (1, 5),
        num: int | tuple[int, int] = (1, 3),
        seed: int = 0,
    ):
        self.table = load_table(families)
        self.severity = _check_range('severity', severity, lowest=0)
        self.num = _check_range('num', num, lowest=1)
        self.seed = seed
        # What is wrong shows now, not at the picture for which it is drawn. The package's own table is known to work.
        check = Perturbation.try_out if isinstance(families, Mapping) else Perturbation.build
        for entries in self.table.values():
            for entry in entries:
                for level in range(max(1, self.severity[0]), self.severity[1] + 1):
                    check(entry, level)

    def draw(self, image: np.ndarray) -> list[Step]:
        """What to apply to a picture, in this order.

        Args:
            image: Array (H, W, 3), uint8, BGR.
        """
        rng = np.random.default_rng(_identity(image, self.seed))
        families = list(self.table.values())
        num = min(int(rng.integers(self.num[0], self.num[1] + 1)), len(families))
        steps = []
        for index in rng.permutation(len(families))[:num]:
            entry = families[index][rng.integers(len(families[index]))]
            severity = int(rng.integers(self.severity[0], self.severity[1] + 1))
            steps.append(Step(entry, severity, int(rng.integers(2**32))))
        return [step for step in steps if step.severity > 0]

    def __call__(
        self, image: np.ndarray, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray | None, list[dict]]:
        """Perturb a picture.

        Args:
            image: Array (H, W, 3), uint8, BGR.
            mask: Array (H, W), uint8, not 0 where manipulated; moved along with the picture, by nearest neighbor.

        Returns:
            The picture and the mask, and a record of each step for JSON; ``skipped`` in it is True for a step that
            was left out since it would have emptied the mask.

        Raises:
            ValueError: If the picture is not (H, W, 3) uint8, or smaller than 24 pixels per side.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < MIN_SIDE:
            raise ValueError(
                f'A picture must be (H, W, 3) uint8, {MIN_SIDE} pixels or more per side, '
                f'got {image.shape} {image.dtype}'
            )
        records = []
        for step in self.draw(image):
            new_image, new_mask = step.perturbation.build(step.severity)(image, mask, step.seed)
            emptied = mask is not None and mask.any() and not new_mask.any()
            records.append(dict(step.record(), skipped=bool(emptied)))
            if not emptied:
                image, mask = new_image, new_mask
        return image, mask, records


def _identity(image: np.ndarray, seed: int) -> int:
    digest = hashlib.sha256(f'{seed} {image.shape} '.encode())
    digest.update(np.ascontiguousarray(image))
    return int.from_bytes(digest.digest()[:16], 'big')


def _check_range(name: str, value: int | tuple[int, int], lowest: int) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(pair) != 2 or not all(isinstance(end, int) for end in pair) or not lowest <= pair[0] <= pair[1]:
        raise ValueError(f'{name} must be an integer or a range (a, b) with {lowest} <= a <= b, got {value!r}')
    return pair
