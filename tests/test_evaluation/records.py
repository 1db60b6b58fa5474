"""Records of images made up at random, and files of them as version 1 wrote them."""

import json
import pickle

import numpy as np

from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.functional.pixel_ranking import rank_pixels
from monfap_mm.evaluation.functional.score_histogram import NUM_BINS
from monfap_mm.evaluation.image_record import ImageRecord


def make_record(index, label=None, separation=2.0, **changes) -> ImageRecord:
    """A record; the label depends on the index only, the rest on the separation of real and fake too."""
    label = int(np.random.default_rng(index).integers(0, 2)) if label is None else label
    rng = np.random.default_rng([index, int(100 * separation)])
    sizes = 900, 100 * label
    bins = [rng.normal(248 + 10 * separation * truth, 20, size).clip(128, 383) for truth, size in enumerate(sizes)]
    counts = [np.bincount(values.astype(int), minlength=NUM_BINS) for values in bins]
    histogram = np.array(counts, np.uint32)
    (tn, fn), (fp, tp) = (histogram[:, part].sum(axis=1).tolist() for part in (slice(256), slice(256, None)))
    values = dict(
        img_path=f'images/{index}.png',
        sample_idx=index,
        mask_path=f'masks/{index}.png' if label else None,
        label=label,
        score=float(1 / (1 + np.exp(-rng.normal(separation * (label - 0.5))))),
        pixels=PixelCounts(tp, fp, fn, tn),
        faces=((int(rng.integers(0, 2)) * label, label), (0, 0), (0, 0)),
        histogram=histogram,
        ranking=rank_pixels(*bins) if label else None,
    )
    return ImageRecord(**(values | changes))


def write_version_1(path, records) -> None:
    """A results file as version 1 wrote it: 256 bins, no ranking; text or, by the ending, a pickle."""
    header = dict(format='monfap_mm results', version=1, bins=256, bins_per_unit_of_logit=8)
    rows = [record.to_json() for record in records]
    for row in rows:
        del row['ranking']
        row['histogram'] = row['histogram'] and [counts[128:384] for counts in row['histogram']]
    if str(path).endswith('.pkl'):
        path.write_bytes(pickle.dumps(header | dict(records=rows)))
    else:
        path.write_text(''.join(json.dumps(row, separators=(',', ':')) + '\n' for row in (header, *rows)))
