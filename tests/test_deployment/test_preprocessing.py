import numpy as np
import pytest
import torch

from monfap_mm.deployment.describe import describe
from monfap_mm.deployment.preprocessing import Preprocessing

from .preprocessed import PICTURES, PREPROCESSORS, make_config, preprocessed_by_mmseg


@pytest.mark.parametrize('preprocessor', PREPROCESSORS)
def test_the_same_as_by_mmseg(preprocessor, tmp_path):
    (tmp_path / 'weights').touch()
    cfg = make_config(None, preprocessor)
    module = Preprocessing(describe(cfg, str(tmp_path / 'weights')))
    for size in PICTURES:
        images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
        expected = np.stack([preprocessed_by_mmseg(cfg, image) for image in images])
        np.testing.assert_array_equal(module(torch.from_numpy(images)), expected)


@pytest.mark.parametrize('padding', [dict(size_divisor=32), dict(size=(80, 120))])
def test_padding_is_dynamic_in_a_graph(padding, tmp_path):
    """Recorded where 32 does not divide the sides, it also holds where there is less, more or nothing to pad."""
    (tmp_path / 'weights').touch()
    module = Preprocessing(describe(make_config(None, dict(test_cfg=padding)), str(tmp_path / 'weights')))
    dynamic = dict.fromkeys((0, 1, 2), torch.export.Dim.DYNAMIC)
    images = torch.zeros((2, 33, 50, 3), dtype=torch.uint8)
    graph = torch.export.export(module, (images,), dynamic_shapes=dict(image=dynamic)).module()
    for size in [*PICTURES, (1, 1), (80, 120), (96, 128)]:
        images = torch.randint(256, (1, *size, 3), dtype=torch.uint8)
        assert torch.equal(graph(images), module(images)), size
