"""The base class through small systems that are not MoNFAP: no backbone, neck or head, one channel, no image head."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from monfap_mm.models import ForgerySegmentor
from monfap_mm.models.segmentors import ForgeryOutput
from tests.samples import make_samples


class Peer(ForgerySegmentor):
    """One convolution of stride 4, whose mask has one channel."""

    def __init__(self, channels=1, **kwargs):
        super().__init__(**kwargs)
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, channels, 4, stride=4)
        self.sizes = []

    def extract_feat(self, inputs):
        return self.conv(inputs)

    def forward_all(self, inputs):
        self.sizes.append(tuple(inputs.shape[2:]))
        return ForgeryOutput(self.extract_feat(inputs))

    def loss(self, inputs, data_samples):
        return dict(loss_pix=self.extract_feat(inputs).square().mean())


class PeerWithHead(Peer):
    """As above, with an image head and sides in multiples of 8."""

    size_divisor = 8
    min_size = 12

    def forward_all(self, inputs):
        mask = super().forward_all(inputs).mask_logits
        mean = mask.mean(dim=(1, 2, 3))
        return ForgeryOutput(mask, cls_logits=torch.stack([-mean, mean], dim=1))


def images(*size, batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, 3, *size)


def fake_logit(prediction):
    return prediction.seg_logits[:, 1] - prediction.seg_logits[:, 0]


def test_detection_by_localization_takes_the_largest_pixel_of_the_answer():
    model = Peer().eval()
    prediction = model.inference(images(16, 24), [])
    expected = F.interpolate(model.conv(images(16, 24)), (16, 24), mode='bilinear')
    torch.testing.assert_close(fake_logit(prediction), expected[:, 0])
    torch.testing.assert_close(prediction.scores[:, 1], expected.amax(dim=(1, 2, 3)).sigmoid())
    assert prediction.coarse_prob is None
    assert prediction.gates is None


def test_a_head_decides_where_there_is_one():
    model = PeerWithHead().eval()
    prediction = model.inference(images(16, 24), [])
    mean = model.conv(images(16, 24)).mean(dim=(1, 2, 3))
    torch.testing.assert_close(prediction.scores[:, 1], (2 * mean).sigmoid())


def test_a_sample_of_a_system_without_gates_and_coarse_mask():
    model = Peer().eval()
    sample = model.predict(images(16, 24), make_samples((16, 24)))[1]
    assert 'gates' not in sample
    assert 'coarse_prob' not in sample
    assert sample.seg_logits.shape == (16, 24)
    fake = sample.seg_logits.data.softmax(dim=0)[1]
    assert torch.equal(sample.pred_sem_seg.data[0] == 1, fake > 0.5)
    torch.testing.assert_close(sample.pred_label.score[1], fake.max())


@pytest.mark.parametrize(
    ('size', 'padded'), [((8, 8), (16, 16)), ((1, 5), (16, 16)), ((16, 16), (16, 16)), ((17, 30), (24, 32))]
)
def test_padding_to_multiples_and_a_smallest_size_is_cut_off_again(size, padded):
    model = PeerWithHead().eval()
    prediction = model.inference(images(*size), [])
    assert model.sizes == [padded]
    grown = F.pad(images(*size), (0, padded[1] - size[1], 0, padded[0] - size[0]), mode='replicate')
    expected = F.interpolate(model.conv(grown), padded, mode='bilinear')[:, 0, : size[0], : size[1]]
    torch.testing.assert_close(fake_logit(prediction), expected)


def test_pixels_of_the_padding_do_not_decide():
    class Padded(Peer):
        size_divisor = 16

        def forward_all(self, inputs):
            mask = torch.zeros_like(inputs[:, :1])
            mask[..., 10:, :] = 50.0  # below the image
            return ForgeryOutput(mask)

    prediction = Padded().inference(images(10, 16), [])
    torch.testing.assert_close(prediction.scores, torch.full((2, 2), 0.5))


def test_half_is_not_fake():
    """Pixels and image of P(fake) = 0.5 exactly are called real; a hair above, fake."""
    model = Peer().eval()
    for bias, label in ((0.0, 0), (1e-3, 1)):
        torch.nn.init.zeros_(model.conv.weight)
        torch.nn.init.constant_(model.conv.bias, bias)
        sample = model.predict(images(8, 8, batch=1))[0]
        assert sample.pred_label.label.item() == label
        assert sample.pred_sem_seg.data.unique().tolist() == [label]


@pytest.mark.parametrize('window_score', ['max', 'mean'])
def test_slide_inference(window_score):
    slide = dict(mode='slide', crop_size=(16, 16), stride=(8, 12), window_score=window_score)
    model = Peer(test_cfg=slide).eval()
    x = images(24, 28)
    prediction = model.inference(x, [])
    total, count, scores = torch.zeros(2, 24, 28), torch.zeros(24, 28), []
    for top in (0, 8):
        for left in (0, 12):
            at = (..., slice(top, top + 16), slice(left, left + 16))
            one = F.interpolate(model.conv(x[at]), (16, 16), mode='bilinear')[:, 0]
            total[at] += one
            count[at] += 1
            scores.append(one.amax(dim=(1, 2)).sigmoid())
    torch.testing.assert_close(fake_logit(prediction), total / count)
    scores = torch.stack(scores)
    torch.testing.assert_close(
        prediction.scores[:, 1], scores.amax(dim=0) if window_score == 'max' else scores.mean(dim=0)
    )


def test_tensor_mode_gives_both_logits():
    cls_logits, mask_logits = Peer()(images(16, 24))
    assert cls_logits.shape == (2, 2)
    assert mask_logits.shape == (2, 2, 4, 6)
    torch.testing.assert_close(cls_logits[:, 1], mask_logits[:, 1].amax(dim=(1, 2)))


def test_three_classes_are_refused():
    with pytest.raises(ValueError, match='the network gives 3'):
        Peer(channels=3).inference(images(16, 16), [])


def test_one_way_to_the_inference_form():
    model = Peer()
    expected = model.eval().inference(images(16, 16), []).seg_logits
    assert model.to_inference() is model
    torch.testing.assert_close(model.inference(images(16, 16), []).seg_logits, expected)
    with pytest.raises(RuntimeError, match='cannot be trained'):
        model.train()
    with pytest.raises(RuntimeError, match='loads no weights'):
        model.load_state_dict(Peer().state_dict())
