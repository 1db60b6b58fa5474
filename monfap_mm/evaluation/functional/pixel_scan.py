"""One pass over the pixels of an image: confusion matrix, histogram and ranking of P(fake), and both masks."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .localization import PixelCounts
from .pixel_ranking import PixelRanking, rank_pixels
from .score_histogram import NUM_BINS, logit_bins

# A pixel's code: 2 * NUM_BINS * truth + NUM_BINS * prediction + bin, or one of these.
NUM_CODES = 4 * NUM_BINS
IGNORED, BAD_LOGIT, BAD_PREDICTION, BAD_TARGET = range(NUM_CODES, NUM_CODES + 4)


class PixelScan(NamedTuple):
    """What is known of an image's pixels.

    Attributes:
        counts: Confusion matrix.
        histogram: Pixels by truth (real, fake) and bin of P(fake), (2, NUM_BINS), uint32; None without logits.
        ranking: Exact figures of the pixels' order by P(fake); None without logits or without fake pixels.
        prediction: Where the prediction is fake, (H, W), bool; ignored pixels are not.
        target: Where the truth is, (H, W), bool.
    """

    counts: PixelCounts
    histogram: np.ndarray | None
    ranking: PixelRanking | None
    prediction: np.ndarray
    target: np.ndarray


def scan_pixels(prediction: Tensor, target: Tensor, logits: Tensor | None = None, ignore_index: int = 255) -> PixelScan:
    """Score the pixels of an image, on the device of the prediction.

    Args:
        prediction: 0 real, 1 fake, (1, H, W).
        target: 0 real, 1 fake, or ``ignore_index``, (1, H, W).
        logits: Logit of P(fake), (1, H, W).
        ignore_index: Pixels of ``target`` that do not count.

    Returns:
        The counts and masks.

    Raises:
        ValueError: If the shapes differ, there are other values, or logits are NaN.
    """
    for name, tensor in (('prediction', prediction), ('logits', logits)):
        if tensor is not None and tensor.shape != target.shape:
            what = 'prediction has' if name == 'prediction' else 'seg_logits have'
            raise ValueError(f'the {what} shape {tuple(tensor.shape)}, the mask {tuple(target.shape)}')
    target = target.to(prediction.device)
    codes = _encode(prediction, target, logits, ignore_index).cpu().squeeze(0)
    table = torch.bincount(codes.flatten(), minlength=BAD_TARGET + 1).numpy()
    if table[BAD_PREDICTION]:
        raise ValueError(f'the prediction has {_range(prediction[target != ignore_index])}, expected 0 and 1')
    if table[BAD_TARGET]:
        raise ValueError(f'the mask has {_range(target[target != ignore_index])}, expected 0 and 1')
    if table[BAD_LOGIT]:
        raise ValueError(f'P(fake) of {table[BAD_LOGIT]} pixels is nan')
    grid = table[:NUM_CODES].reshape(2, 2, NUM_BINS)
    tn, fp, fn, tp = grid.sum(axis=2).ravel().tolist()
    codes = codes.numpy()
    known = codes < NUM_CODES
    fake = known & (codes >= 2 * NUM_BINS)
    ranking = None
    if logits is not None and fake.any():
        scores = logits.squeeze(0).float().cpu().numpy()
        ranking = rank_pixels(scores[known & ~fake], scores[fake])
    return PixelScan(
        counts=PixelCounts(tp, fp, fn, tn),
        histogram=None if logits is None else grid.sum(axis=1).astype(np.uint32),
        ranking=ranking,
        prediction=known & (codes // NUM_BINS % 2 == 1),
        target=fake,
    )


def _encode(prediction: Tensor, target: Tensor, logits: Tensor | None, ignore_index: int) -> Tensor:
    codes = 2 * NUM_BINS * (target == 1).short() + NUM_BINS * (prediction == 1).short()
    if logits is not None:
        codes += logit_bins(logits)
        codes.masked_fill_(logits.isnan(), BAD_LOGIT)
    codes.masked_fill_((prediction != 0) & (prediction != 1), BAD_PREDICTION)
    codes.masked_fill_((target != 0) & (target != 1), BAD_TARGET)
    return codes.masked_fill_(target == ignore_index, IGNORED)


def _range(values: Tensor) -> str:
    return f'values from {values.min()} to {values.max()}'
