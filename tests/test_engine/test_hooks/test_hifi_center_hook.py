"""Center and radius of HiFi-Net's distance map."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from monfap_mm.engine import HiFiCenterHook
from monfap_mm.models.baselines.hifi_net.head import HiFiOutput
from tests.samples import make_samples


class Head(nn.Module):
    """Features are the first two channels of the image."""

    distance_map = True

    def __init__(self):
        super().__init__()
        self.register_buffer('center', torch.zeros(2))
        self.register_buffer('radius', torch.zeros(()))

    def forward(self, feats, images):
        return HiFiOutput(images[:, :2], None, [])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.decode_head = Head()

    def data_preprocessor(self, data, training):
        return data

    def extract_feat(self, images):
        return images


def runner(labels):
    """One batch of two images for each pair of labels; image k is k everywhere."""
    batches = [
        dict(
            inputs=torch.tensor([2.0 * i, 2.0 * i + 1]).view(2, 1, 1, 1).expand(2, 3, 4, 4),
            data_samples=make_samples((4, 4), pair),
        )
        for i, pair in enumerate(labels)
    ]
    return SimpleNamespace(model=Model(), train_dataloader=batches, logger=MMLogger.get_current_instance())


def test_center_and_radius_of_the_real_images_of_every_second_batch():
    run = runner([(0, 1), (0, 0), (1, 0), (0, 0), (0, 0)])  # real in batches 0, 2 and 4: images 0, 5, 8 and 9
    HiFiCenterHook(interval=2).before_train(run)
    head = run.model.decode_head
    torch.testing.assert_close(head.center, torch.tensor([5.5, 5.5]))
    assert head.radius.item() == pytest.approx(5.5 * 2**0.5, rel=1e-5)
    assert run.model.training


def test_a_radius_that_is_known_is_kept():
    run = runner([(0, 0)])
    run.model.decode_head.radius.fill_(3.0)
    HiFiCenterHook().before_train(run)
    assert run.model.decode_head.radius == 3
    assert not run.model.decode_head.center.any()


def test_what_cannot_be_measured_is_said():
    with pytest.raises(ValueError, match='no real image'):
        HiFiCenterHook().before_train(runner([(1, 1)]))
    run = runner([(0, 0)])
    run.model.decode_head.distance_map = False
    with pytest.raises(TypeError, match='distance_map=True'):
        HiFiCenterHook().before_train(run)
