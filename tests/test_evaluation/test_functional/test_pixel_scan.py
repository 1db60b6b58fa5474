import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.functional.pixel_scan import scan_pixels


@pytest.mark.parametrize('dtype', [torch.int64, torch.uint8, torch.float32])
def test_against_scikit_learn(dtype):
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (1, 50, 60), generator=generator)
    logits = 4 * torch.randn(1, 50, 60, generator=generator)
    prediction = (logits > 0).to(dtype)
    ignored = torch.rand(1, 50, 60, generator=generator) < 0.1
    logits[ignored] = math.nan
    pair = target[~ignored], (prediction[~ignored] == 1).long()
    target[ignored] = 255
    scan = scan_pixels(prediction, target, logits)
    tn, fp, fn, tp = confusion_matrix(*pair).ravel().tolist()
    assert scan.counts == PixelCounts(tp, fp, fn, tn)
    # P = 0.5 lies between two bins, so the histogram holds the confusion matrix.
    assert scan.histogram[:, :256].sum(axis=1).tolist() == [tn, fn]
    assert scan.histogram[:, 256:].sum(axis=1).tolist() == [fp, tp]
    scores = logits[~ignored].numpy()
    assert scan.ranking.auc == pytest.approx(roc_auc_score(pair[0], scores), abs=1e-12)
    assert scan.ranking.average_precision == pytest.approx(average_precision_score(pair[0], scores), abs=1e-12)
    np.testing.assert_array_equal(scan.target, (target[0] == 1).numpy())
    np.testing.assert_array_equal(scan.prediction, ((prediction == 1) & ~ignored)[0].numpy())


def test_everything_ignored():
    scan = scan_pixels(torch.ones(1, 2, 2), torch.full((1, 2, 2), 255))
    assert scan.counts == PixelCounts(0, 0, 0, 0)
    assert scan.histogram is None
    assert scan.ranking is None
    assert scan_pixels(torch.ones(1, 2, 2), torch.zeros(1, 2, 2), torch.ones(1, 2, 2)).ranking is None
    assert not scan.prediction.any()
    assert scan_pixels(torch.tensor([[[1, 0]]]), torch.tensor([[[7, 0]]]), ignore_index=7).counts == (0, 0, 0, 1)


def test_half_precision_and_infinite_logits():
    logits = torch.tensor([[[-math.inf, -64.0, -20.0, 0.0, 0.01, 20.0, 64.0, math.inf]]])
    expected = {0: 2, 117: 1, 255: 1, 256: 1, 394: 1, 511: 2}  # 20 lies in (19.75, 20.125], -20 in (-20.125, -19.75]
    for values in (logits, logits.half()):
        histogram = scan_pixels((logits > 0).long(), torch.zeros(1, 1, 8), values).histogram[0]
        assert {int(i): int(histogram[i]) for i in np.flatnonzero(histogram)} == expected


@pytest.mark.parametrize(
    ('prediction', 'target', 'logits', 'message'),
    [
        ([[0] * 3] * 2, [[0] * 2] * 3, None, r'prediction has shape \(1, 2, 3\), the mask \(1, 3, 2\)'),
        ([[0, 1]], [[0, 1]], [[0.1]], r'seg_logits have shape \(1, 1, 1\), the mask \(1, 1, 2\)'),
        ([[0, 2]], [[0, 1]], None, 'prediction has values from 0 to 2'),
        ([[0, 1]], [[0, 254]], None, 'mask has values from 0 to 254'),
        ([[0, 1]], [[0, 1]], [[0.1, math.nan]], r'P\(fake\) of 1 pixels is nan'),
    ],
)
def test_bad_input(prediction, target, logits, message):
    with pytest.raises(ValueError, match=message):
        scan_pixels(*(None if array is None else torch.tensor([array]) for array in (prediction, target, logits)))
