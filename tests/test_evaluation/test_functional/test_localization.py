import math

import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score
from sklearn.metrics import f1_score as sklearn_f1

from monfap_mm.evaluation.functional import PixelCounts, count_pixels, f1_score, iou, sum_counts


@pytest.mark.parametrize('dtype', [torch.int64, torch.uint8, torch.float32])
def test_against_scikit_learn(dtype):
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (1, 50, 60), generator=generator)
    prediction = torch.where(torch.rand(1, 50, 60, generator=generator) < 0.8, target, 1 - target)
    ignored = torch.rand(1, 50, 60, generator=generator) < 0.1
    pair = target[~ignored], prediction[~ignored]
    target[ignored] = 255
    counts = count_pixels(prediction.to(dtype), target)
    tn, fp, fn, tp = confusion_matrix(*pair).ravel().tolist()
    assert counts == PixelCounts(tp, fp, fn, tn)
    assert f1_score(counts) == pytest.approx(sklearn_f1(*pair), abs=1e-12)
    assert iou(counts) == pytest.approx(jaccard_score(*pair), abs=1e-12)
    assert iou(counts) == pytest.approx(f1_score(counts) / (2 - f1_score(counts)), abs=1e-12)


def test_everything_ignored():
    assert count_pixels(torch.ones(1, 2, 2), torch.full((1, 2, 2), 255)) == PixelCounts(0, 0, 0, 0)
    assert count_pixels(torch.tensor([1, 0]), torch.tensor([7, 0]), ignore_index=7) == PixelCounts(0, 0, 0, 1)


def test_sum():
    assert sum_counts([]) == PixelCounts(0, 0, 0, 0)
    # Sums exceed 32 bits on a large test set.
    many = sum_counts(PixelCounts(2**31, 1, 2, 3) for _ in range(10))
    assert many == PixelCounts(10 * 2**31, 10, 20, 30)


def test_undefined():
    nothing = PixelCounts(0, 0, 0, 99)
    assert math.isnan(f1_score(nothing))
    assert math.isnan(iou(nothing))
    assert f1_score(PixelCounts(0, 1, 0, 0)) == iou(PixelCounts(0, 0, 1, 0)) == 0


@pytest.mark.parametrize(
    ('prediction', 'target', 'message'),
    [
        (torch.zeros(1, 2, 3), torch.zeros(1, 3, 2), r'prediction has shape \(1, 2, 3\), the mask \(1, 3, 2\)'),
        (torch.tensor([0, 2]), torch.tensor([0, 1]), 'prediction has values from 0 to 2'),
        (torch.tensor([0, 1]), torch.tensor([0, 254]), 'mask has values from 0 to 254'),
    ],
)
def test_bad_input(prediction, target, message):
    with pytest.raises(ValueError, match=message):
        count_pixels(prediction, target)
