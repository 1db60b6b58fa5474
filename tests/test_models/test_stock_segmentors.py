"""The configs on mmseg's own ``EncoderDecoder``, whose pictures are padded by the data preprocessor."""

from functools import cache

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from tests.scripts import ROOT

CONFIGS = (
    'demo/fcn_demo.py',
    'monfap/fup-head_convnextv2-atto_8xb32-40e_ofv2-512x512.py',
    'monfap/mnm_convnextv2-atto_upernet_8xb32-40e_ofv2-512x512.py',
)


@cache
def shipped(path: str) -> torch.nn.Module:
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build(Config.fromfile(ROOT / 'configs' / path).model).eval()


@pytest.mark.parametrize('size', [(20, 41), (41, 20), (1, 1), (50, 70)])
@pytest.mark.parametrize('path', CONFIGS)
@torch.no_grad()
def test_answers_of_padded_pictures_are_cut_back(path, size):
    """At the bottom and right, before they are resized to the original size."""
    model, original = shipped(path), (2 * size[0] + 1, 3 * size[1])
    image = torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    sample = SegDataSample(metainfo=dict(ori_shape=original, img_shape=size))
    (answer,) = model.test_step(dict(inputs=[image], data_samples=[sample]))

    preprocessor = model.data_preprocessor
    inputs = (image.flip(0) - preprocessor.mean) / preprocessor.std
    padded = F.pad(inputs, (0, max(32 - size[1], 0), 0, max(32 - size[0], 0)))[None]
    maps = model(padded, mode='tensor')
    maps = getattr(maps, 'mask_logits', maps)  # the FUP head answers twice
    logits = resize(maps, padded.shape[2:], mode='bilinear')[..., : size[0], : size[1]]
    expected = resize(logits, original, mode='bilinear')[0]
    assert answer.seg_logits.data.shape == (2, *original)
    torch.testing.assert_close(answer.seg_logits.data, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(answer.pred_sem_seg.data, answer.seg_logits.data.argmax(dim=0, keepdim=True))
