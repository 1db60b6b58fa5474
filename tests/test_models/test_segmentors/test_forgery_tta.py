import copy

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


def test_three_views_whatever_their_order():
    """The mean of three is no mean of means, and the most fake view is neither first nor last."""
    torch.manual_seed(0)
    logits = [torch.randn(2, 4, 5) for _ in range(3)]
    scores = [torch.tensor(score) for score in ([0.6, 0.4], [0.05, 0.95], [0.7, 0.3])]
    mean = torch.stack([one.softmax(dim=0) for one in logits]).mean(dim=0)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        merged = merge(*[view(logits[i].clone(), scores[i]) for i in order])
        torch.testing.assert_close(merged.seg_logits.data.exp(), mean)
        torch.testing.assert_close(merged.pred_label.score, torch.tensor([0.45, 0.55]))
        assert merged.pred_label.label.item() == 1


def test_a_probability_of_zero_has_a_finite_logarithm():
    logits = torch.tensor([[[200.0]], [[-200.0]]])
    merged = merge(view(logits, None), view(logits.clone(), None))
    torch.testing.assert_close(merged.seg_logits.data[1], torch.tensor([[1e-12]]).log())


def test_a_head_of_one_channel_gives_probabilities_not_logits():
    """mmseg puts the sigmoid into seg_logits there, and decides by the head's threshold."""
    head = dict(
        type='FCNHead', in_channels=320, in_index=3, channels=8, num_convs=1, num_classes=2, out_channels=1,
        threshold=0.4, loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
    )  # fmt: skip
    module = dict(type='EncoderDecoder', backbone=monfap_cfg()['backbone'], decode_head=head)
    model = build(dict(type='ForgeryTTAModel', module=module))
    first, second = torch.tensor([[[0.1, 0.9, 0.5]]]), torch.tensor([[[0.3, 0.2, 0.3]]])
    (merged,) = model.merge_preds([[view(first, None), view(second, None)]])
    torch.testing.assert_close(merged.seg_logits.data, torch.tensor([[[0.2, 0.55, 0.4]]]))
    assert merged.pred_sem_seg.data.tolist() == [[[0, 1, 0]]]


def test_models_without_image_label():
    merged = merge(view(torch.randn(2, 4, 5), None), view(torch.randn(2, 4, 5), None))
    assert 'pred_label' not in merged


def test_gates_and_the_coarse_mask_are_those_of_all_views():
    """The second view is of twice the scale."""
    gates = [torch.tensor([[0.7, 0.3]]), torch.tensor([[0.2, 0.8]]), torch.tensor([[0.6, 0.4]])]
    coarse = [torch.rand(1, 4, 6), torch.full((1, 8, 12), 0.25), torch.rand(1, 4, 6)]
    views = [view(torch.randn(2, 4, 6), None) for _ in gates]
    for one, value, probability in zip(views, gates, coarse):
        one.gates, one.coarse_prob = LabelData(value=value), PixelData(data=probability)
    merged = merge(*views)
    torch.testing.assert_close(merged.gates.value, torch.tensor([[0.5, 0.5]]))
    torch.testing.assert_close(merged.coarse_prob.data, (coarse[0] + 0.25 + coarse[2]) / 3)


def test_through_the_shipped_pipeline_of_views():
    """A picture and its mirror image: what the model says of both, by its own ``predict``, is averaged."""
    torch.manual_seed(0)
    preprocessor = dict(type='SegDataPreProcessor', mean=[127.5] * 3, std=[60.0] * 3)
    model = build(dict(type='ForgeryTTAModel', module=monfap_cfg(data_preprocessor=preprocessor))).eval()
    image = torch.rand(3, 64, 96) * 255
    shape = dict(ori_shape=(64, 96), img_shape=(64, 96))
    mirrored = dict(shape, flip=True, flip_direction='horizontal')
    batch = dict(
        inputs=[[image.clone()], [image.flip(-1)]],
        data_samples=[[SegDataSample(metainfo=dict(shape, flip=False))], [SegDataSample(metainfo=mirrored)]],
    )
    with torch.no_grad():
        (merged,) = model.test_step(copy.deepcopy(batch))
        alone = [
            model.module.test_step(dict(inputs=inputs, data_samples=samples))[0]
            for inputs, samples in zip(batch['inputs'], batch['data_samples'])
        ]
    gates = [sample.gates.value for sample in alone]
    assert (gates[0] - gates[1]).abs().max() > 1e-4
    torch.testing.assert_close(merged.gates.value, (gates[0] + gates[1]) / 2)
    coarse = [sample.coarse_prob.data for sample in alone]
    torch.testing.assert_close(merged.coarse_prob.data, (coarse[0] + coarse[1]) / 2)
