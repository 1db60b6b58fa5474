import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config

from monfap_mm.deployment.speed.counting import count, count_baddbmm
from tests.samples import build

from .conftest import ROOT

CONFIG = ROOT / 'configs' / 'demo' / 'monfap-c_demo.py'


def test_parts_add_up_to_the_whole():
    parts = count(str(CONFIG), (64, 64))
    whole = parts.pop('whole')
    assert set(parts) == {'backbone', 'neck', 'decode_head'}
    assert sum(part[0] for part in parts.values()) == pytest.approx(whole[0])
    # Eq. 3 is computed by the head itself, in none of its modules, and counts to the whole only.
    assert sum(part[1] for part in parts.values()) == pytest.approx(whole[1], rel=0.01)
    model = build({**Config.fromfile(CONFIG).model, 'data_preprocessor': None})
    assert whole[0] * 1e6 == pytest.approx(sum(parameter.numel() for parameter in model.parameters()))


def test_systems_that_take_more_than_pixels_are_counted_too():
    config = ROOT / 'configs' / 'baselines' / 'cat_net' / 'cat-net_1xb11-200e_ofv2-512x512.py'
    parts = count(str(config), (64, 64))
    assert [round(parts[name][0], 6) for name in ('backbone', 'dct_stream', 'whole')] == [
        65.32512,
        43.081608,
        114.26381,
    ]
    assert parts['dct_stream'][1] > 0


@pytest.mark.parametrize('path', sorted(ROOT.glob('configs/baselines/doa_gan/*_common-recipe_*.py')))
def test_sizes_that_are_traced_are_no_obstacle(path):
    parts = count(str(path), (64, 64))
    assert parts['whole'][0] == pytest.approx(27.0, abs=0.1)
    assert parts['decode_head'][1] > 0


def test_convolutions_are_counted_as_multiply_adds_by_pixel():
    """Four times the pixels, four times the work; what does not grow with the image is small."""
    small, large = (count(str(CONFIG), (size, size))['backbone'][1] for size in (64, 128))
    assert large == pytest.approx(4 * small, rel=0.01)


def test_baddbmm():
    class Product(torch.nn.Module):
        def forward(self, x):
            return torch.baddbmm(x.new_zeros(2, 3, 5), x, x.new_ones(2, 4, 5))

    flops = FlopAnalyzer(Product(), torch.ones(2, 3, 4))
    flops.set_op_handle('aten::baddbmm', count_baddbmm)
    assert flops.total() == 2 * 3 * 4 * 5
