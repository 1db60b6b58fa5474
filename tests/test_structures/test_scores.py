import math

import pytest
import torch

from monfap_mm.structures.scores import image_score, pixel_logits


def seg_logits(values):
    return dict(seg_logits=dict(data=torch.tensor(values)))


def test_logit_of_a_pixel_is_fake_less_real():
    sample = seg_logits([[[1.0, -2.0, 3.0]], [[4.0, 5.0, -60.0]]])
    assert pixel_logits(sample).tolist() == [[[3.0, 7.0, -63.0]]]
    softmax = sample['seg_logits']['data'].softmax(0)[1:]
    torch.testing.assert_close(pixel_logits(sample).sigmoid(), softmax)


def test_one_channel_holds_probabilities():
    logits = pixel_logits(seg_logits([[[0.1, 0.5, 0.9, 1.0]]]))
    assert logits.tolist() == [[pytest.approx([-math.log(9), 0, math.log(9), math.inf], abs=1e-6)]]


def test_half_precision_is_subtracted_in_single():
    logits = pixel_logits(dict(seg_logits=dict(data=torch.tensor([[[-40000.0]], [[40000.0]]], dtype=torch.float16))))
    assert logits.item() == pytest.approx(80000, abs=64)  # beyond what half precision holds


def test_no_logits():
    assert pixel_logits({}) is None


def test_score_of_an_image_is_the_models_whatever_its_pixels_say():
    sample = dict(pred_label=dict(score=torch.tensor([0.7, 0.3])))
    for logits in (None, torch.full((1, 2, 2), 9.0)):
        assert image_score(sample, logits) == pytest.approx(0.3)


def test_score_without_a_label_is_that_of_the_most_fake_pixel():
    logits = torch.tensor([[[-5.0, math.log(3)], [-math.inf, 0.0]]])
    assert image_score({}, logits) == pytest.approx(0.75)
    with pytest.raises(ValueError, match='neither pred_label nor seg_logits'):
        image_score({}, None)
