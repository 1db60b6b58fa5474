"""Records of images made up at random."""

import numpy as np

from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.functional.score_histogram import NUM_BINS
from monfap_mm.evaluation.image_record import ImageRecord


def make_record(index, label=None, separation=2.0, **changes) -> ImageRecord:
    """A record; the label depends on the index only, the rest on the separation of real and fake too."""
    label = int(np.random.default_rng(index).integers(0, 2)) if label is None else label
    rng = np.random.default_rng([index, int(100 * separation)])
    sizes = 900, 100 * label
    bins = [rng.normal(120 + 10 * separation * truth, 20, size) for truth, size in enumerate(sizes)]
    counts = [np.bincount(values.clip(0, 255).astype(int), minlength=NUM_BINS) for values in bins]
    histogram = np.array(counts, np.uint32)
    (tn, fn), (fp, tp) = (histogram[:, part].sum(axis=1).tolist() for part in (slice(128), slice(128, None)))
    values = dict(
        img_path=f'images/{index}.png',
        sample_idx=index,
        mask_path=f'masks/{index}.png' if label else None,
        label=label,
        score=float(1 / (1 + np.exp(-rng.normal(separation * (label - 0.5))))),
        pixels=PixelCounts(tp, fp, fn, tn),
        faces=((int(rng.integers(0, 2)) * label, label), (0, 0), (0, 0)),
        histogram=histogram,
    )
    return ImageRecord(**(values | changes))
