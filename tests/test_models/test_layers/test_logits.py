import pytest
import torch

from monfap_mm.models.layers.logits import largest_pixel, two_channels


def test_one_channel_is_the_logit_of_fake():
    logits = torch.tensor([[[[-3.0, 0.0, 2.5]]]])
    both = two_channels(logits)
    assert both.shape == (1, 2, 1, 3)
    torch.testing.assert_close(both.softmax(dim=1)[:, 1:], logits.sigmoid())
    torch.testing.assert_close(both[:, 1:] - both[:, :1], logits)


def test_two_channels_stay():
    logits = torch.randn(2, 2, 3, 4)
    assert two_channels(logits) is logits


def test_three_classes_are_refused():
    with pytest.raises(ValueError, match='the network gives 3: set num_classes'):
        two_channels(torch.zeros(1, 3, 2, 2))


def test_largest_pixel_goes_by_the_margin():
    """Not by the largest logit of fake, 9, where real has more."""
    logits = torch.tensor([[[[10.0, -2.0], [0.0, 1.0]], [[9.0, 1.5], [-1.0, 1.0]]]])
    torch.testing.assert_close(largest_pixel(logits), torch.tensor([[0.0, 3.5]]))
