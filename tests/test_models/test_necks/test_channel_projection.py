import pytest
import torch

from monfap_mm.models import ChannelProjection


def test_projects_each_level():
    neck = ChannelProjection([8, 16], [4, 6]).eval()
    feats = [torch.randn(2, 8, 4, 4), torch.randn(2, 16, 2, 2)]
    scale = 1 / (1 + 1e-5) ** 0.5
    for level, feat, out in zip(neck.levels, feats, neck(feats)):
        expected = torch.einsum('oi,bihw->bohw', level.conv.weight[..., 0, 0], feat) * scale
        torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


def test_lists_of_different_length():
    with pytest.raises(ValueError, match='one entry per level'):
        ChannelProjection([8, 16], [4])
