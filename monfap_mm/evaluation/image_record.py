"""What is kept of a scored image: the same few numbers whatever its size, from which every figure can be computed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..media.masks import DEFAULT_MASK_VALUES, check_mask_values
from .functional.faces import SIZES
from .functional.localization import PixelCounts
from .functional.pixel_ranking import PixelRanking
from .functional.score_histogram import NUM_BINS, widen

KEYS_1 = {'img_path', 'sample_idx', 'mask_path', 'label', 'score', 'pixels', 'faces', 'histogram'}
KEYS = KEYS_1 | {'ranking'}
# Written only where it is not the default.
_OPTIONAL = {'mask_values'}
# Bins of the histograms of version 1.
NUM_BINS_1 = 256


@dataclass(frozen=True, slots=True, eq=False)
class ImageRecord:
    """A scored image.

    Attributes:
        img_path: Path of the image.
        sample_idx: Its index in the dataset; None if the pipeline does not tell.
        mask_path: Path of its mask; None if it has none.
        label: 0 real, 1 fake.
        score: P(fake), 0 to 1.
        pixels: Confusion matrix of its pixels.
        faces: Found and all manipulated faces, for small, medium and large ones.
        histogram: Pixels by truth (real, fake) and bin of P(fake), (2, NUM_BINS), uint32; None if the model gives no
            P(fake) of pixels.
        ranking: Exact figures of the order of its pixels by P(fake); None without fake pixels, if the model gives no
            P(fake) of pixels, and in records of version 1, for which the histogram must do.
        mask_values: Which values of the mask are fake, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.

    Raises:
        ValueError: If label, score or mask_values are none, or a real image has manipulated pixels.
    """

    img_path: str
    sample_idx: int | None
    mask_path: str | None
    label: int
    score: float
    pixels: PixelCounts
    faces: tuple[tuple[int, int], ...]
    histogram: np.ndarray | None
    ranking: PixelRanking | None = None
    mask_values: str = DEFAULT_MASK_VALUES

    def __post_init__(self) -> None:
        _check(_is_integer(self.label) and self.label in (0, 1), f'its label is {self.label!r}, expected 0 or 1')
        _check(_is_number(self.score) and 0 <= self.score <= 1, f'its P(fake) is {self.score!r}, expected 0 to 1')
        check_mask_values(self.mask_values)
        num_fake = self.pixels.tp + self.pixels.fn
        _check(self.label == 1 or num_fake == 0, f'it is labelled real, but {num_fake} of its pixels are manipulated')

    @property
    def identity(self) -> tuple[str, int | None]:
        """Path and index, which tell an image from all others: a list may name one file twice."""
        return self.img_path, self.sample_idx

    def to_json(self) -> dict:
        """The record in JSON's types."""
        values = dict(
            img_path=self.img_path,
            sample_idx=self.sample_idx,
            mask_path=self.mask_path,
            label=self.label,
            score=self.score,
            pixels=list(self.pixels),
            faces=[list(pair) for pair in self.faces],
            histogram=None if self.histogram is None else self.histogram.tolist(),
            ranking=None if self.ranking is None else [None if math.isnan(value) else value for value in self.ranking],
        )
        return values if self.mask_values == DEFAULT_MASK_VALUES else values | dict(mask_values=self.mask_values)

    @classmethod
    def from_json(cls, values: dict) -> 'ImageRecord':
        """The record of :meth:`to_json`, of this version or of version 1.

        Raises:
            ValueError: If the values are no such record, or contradict each other.
        """
        if not isinstance(values, dict) or set(values) - _OPTIONAL not in (KEYS, KEYS_1):
            raise ValueError(f'expected an object with the keys {", ".join(sorted(KEYS))}')
        _check(isinstance(values['img_path'], str), 'img_path is no string')
        _check(values['mask_path'] is None or isinstance(values['mask_path'], str), 'mask_path is no string')
        _check(values['sample_idx'] is None or _is_integer(values['sample_idx']), 'sample_idx is no integer')
        pixels = _counts(values['pixels'], (4,), 'pixels')
        faces = _counts(values['faces'], (len(SIZES), 2), 'faces')
        _check((faces[:, 0] <= faces[:, 1]).all(), 'it has more found faces than faces')
        histogram = values['histogram']
        if histogram is not None:
            histogram = _counts(histogram, (2, NUM_BINS if 'ranking' in values else NUM_BINS_1), 'histogram')
            tp, fp, fn, tn = pixels
            _check((histogram.sum(axis=1) == (fp + tn, tp + fn)).all(), 'histogram and pixels differ in their counts')
            histogram = widen(histogram.astype(np.uint32))
        return cls(
            img_path=values['img_path'],
            sample_idx=values['sample_idx'],
            mask_path=values['mask_path'],
            label=values['label'],
            score=values['score'],
            pixels=PixelCounts(*pixels.tolist()),
            faces=tuple(map(tuple, faces.tolist())),
            histogram=histogram,
            ranking=_ranking(values.get('ranking')),
            mask_values=values.get('mask_values', DEFAULT_MASK_VALUES),
        )


def drop_repeated(records: Iterable[ImageRecord]) -> list[ImageRecord]:
    """Keep one record for each image."""
    return list({record.identity: record for record in records}.values())


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return (_is_integer(value) or isinstance(value, float)) and math.isfinite(value)


def _counts(values: list, shape: tuple[int, ...], name: str) -> np.ndarray:
    try:
        counts = np.array(values)
    except ValueError:  # rows of different lengths
        counts = np.empty(0)
    valid = counts.shape == shape and counts.dtype.kind in 'iu' and counts.min() >= 0 and counts.max() < 2**32
    _check(valid, f'{name} must hold counts of shape {shape}')
    return counts


def _ranking(values: list | None) -> PixelRanking | None:
    if values is None:
        return None
    valid = isinstance(values, list) and len(values) == len(PixelRanking._fields)
    valid = valid and all(value is None or (_is_number(value) and 0 <= value <= 1) for value in values)
    _check(valid, f'ranking must hold {len(PixelRanking._fields)} numbers from 0 to 1, or null')
    return PixelRanking(*(math.nan if value is None else float(value) for value in values))


def _check(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)
