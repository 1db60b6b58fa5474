import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

from tests.samples import build, monfap_cfg


def view(logits, score):
    sample = SegDataSample(seg_logits=PixelData(data=logits))
    if score is not None:
        sample.pred_label = LabelData(score=score, label=score.argmax(dim=0, keepdim=True))
    return sample


def merge(*views):
    model = build(dict(type='ForgeryTTAModel', module=monfap_cfg()))
    return model.merge_preds([list(views)])[0]


def test_probabilities_of_the_views_are_averaged():
    torch.manual_seed(0)
    first, second = torch.randn(2, 4, 5), torch.randn(2, 4, 5)
    merged = merge(view(first, torch.tensor([0.9, 0.1])), view(second, torch.tensor([0.2, 0.8])))
    mean = (first.softmax(dim=0) + second.softmax(dim=0)) / 2
    torch.testing.assert_close(merged.seg_logits.data.softmax(dim=0), mean)
    assert torch.equal(merged.pred_sem_seg.data, mean.argmax(dim=0, keepdim=True))
    torch.testing.assert_close(merged.pred_label.score, torch.tensor([0.55, 0.45]))
    assert merged.pred_label.label.item() == 0


def test_models_without_image_label():
    merged = merge(view(torch.randn(2, 4, 5), None), view(torch.randn(2, 4, 5), None))
    assert 'pred_label' not in merged
