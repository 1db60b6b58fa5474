"""The scored images of a dataset as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .functional import localization, score_histogram
from .functional.faces import SIZES
from .functional.score_histogram import NUM_BINS
from .image_record import ImageRecord

# Of confusion matrices (..., 4) and histograms (..., 2, NUM_BINS): one by one, or of their sum. The last three
# are those of PixelRanking.
PIXEL_FIGURES = {
    'F1': lambda pixels, histograms: localization.f1_score(pixels),
    'IoU': lambda pixels, histograms: localization.iou(pixels),
    'MCC': lambda pixels, histograms: localization.mcc(pixels),
    'AUC': lambda pixels, histograms: score_histogram.auc(histograms)[0],
    'AP': lambda pixels, histograms: score_histogram.average_precision(histograms)[0],
    'best-F1': lambda pixels, histograms: score_histogram.best_f1(histograms)[0],
}
# Images whose histograms are turned into figures at a time, which takes some 10 MB per array.
CHUNK = 2048


@dataclass(frozen=True, eq=False)
class ResultTable:
    """Scored images as arrays, one entry per image.

    Attributes:
        labels: 0 real, 1 fake, (N,).
        scores: P(fake), (N,).
        pixels: Confusion matrices, (N, 4), as in ``PixelCounts``.
        histograms: Pixels by truth and bin of P(fake), (N, 2, NUM_BINS); zeros where it is unknown.
        faces: Found and all faces by size, (N, 3, 2).
        per_image: ``PIXEL_FIGURES`` of each image, (N, 6), fractions of one; NaN where not defined. Those of the
            ranking come from the histogram in records without one.
    """

    labels: np.ndarray
    scores: np.ndarray
    pixels: np.ndarray
    histograms: np.ndarray
    faces: np.ndarray
    per_image: np.ndarray

    @classmethod
    def from_records(cls, records: Sequence[ImageRecord]) -> 'ResultTable':
        """Put records into columns."""
        num = len(records)
        pixels = np.array([record.pixels for record in records], np.int64).reshape(num, 4)
        histograms = np.zeros((num, 2, NUM_BINS), np.uint32)
        for row, record in zip(histograms, records):
            if record.histogram is not None:
                row[:] = record.histogram
        per_image = np.empty((num, len(PIXEL_FIGURES)))
        for start in range(0, num, CHUNK):
            rows = slice(start, start + CHUNK)
            for column, figure in enumerate(PIXEL_FIGURES.values()):
                per_image[rows, column] = figure(pixels[rows], histograms[rows])
        for row, record in zip(per_image, records):
            if record.ranking is not None:
                row[-len(record.ranking) :] = record.ranking
        return cls(
            labels=np.array([record.label for record in records], np.int64),
            scores=np.array([record.score for record in records], float),
            pixels=pixels,
            histograms=histograms,
            faces=np.array([record.faces for record in records], np.int64).reshape(num, len(SIZES), 2),
            per_image=per_image,
        )

    @property
    def without_mask(self) -> np.ndarray:
        """Images of whose pixels nothing is known, boolean (N,): they count for no figure of pixels or faces."""
        return self.pixels.sum(axis=1) == 0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> 'ResultTable':
        """Some of the images, by index or mask; an index may be there more than once."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def total(self) -> tuple[np.ndarray, np.ndarray]:
        """One confusion matrix (4,) and one histogram (2, NUM_BINS) for all images.

        The histogram is all zeros, which makes its figures NaN, unless it covers all pixels.
        """
        pixels, histogram = self.pixels.sum(axis=0), self.histograms.sum(axis=0, dtype=np.int64)
        return pixels, histogram * (histogram.sum() == pixels.sum())
