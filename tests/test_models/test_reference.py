"""Agreement with the authors' implementation, through the converter."""

import pytest
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

from monfap_mm.models import FUPHead, MixtureOfNoises
from tests import reference
from tools.model_converters.official2mm import convert


class NeckAndHead(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.neck = MixtureOfNoises(in_channels=reference.CHANNELS)
        self.decode_head = FUPHead(in_channels=reference.CHANNELS)


@pytest.fixture(scope='module')
def model_and_feats():
    state, feats = reference.draw()
    model = NeckAndHead().eval()
    model.load_state_dict(convert(state, model.state_dict()), strict=True)
    return model, feats


def test_cues_and_gates(model_and_feats):
    model, feats = model_and_feats
    expected = reference.outputs()
    with torch.no_grad():
        for i, (level, feat) in enumerate(zip(model.neck.levels, feats)):
            cue, gates = level(feat)
            torch.testing.assert_close(cue, expected[f'noise_{i}'], atol=1e-4, rtol=0)
            torch.testing.assert_close(gates, expected[f'gate_{i}'], atol=1e-5, rtol=0)


def test_logits(model_and_feats):
    model, feats = model_and_feats
    expected = reference.outputs()
    with torch.no_grad():
        output = model.decode_head(feats, model.neck(feats))
    torch.testing.assert_close(output.coarse_logits, expected['coarse_logits'], atol=1e-4, rtol=0)
    torch.testing.assert_close(output.cls_logits, expected['cls_logits'], atol=1e-4, rtol=0)
    torch.testing.assert_close(output.mask_logits, expected['mask_logits'], atol=1e-4, rtol=0)


def test_losses(model_and_feats):
    model, feats = model_and_feats
    samples = []
    for label, mask in zip(*reference.targets()):
        sample = SegDataSample(gt_sem_seg=PixelData(data=mask[None]))
        sample.gt_label = LabelData(label=label[None])
        samples.append(sample)
    with torch.no_grad():
        cues, losses = model.neck.loss(feats)
        losses.update(model.decode_head.loss(feats, samples, cues=cues))
    names = ['img', 'pix_genuine', 'pix_manipulated', 'aux_genuine', 'aux_manipulated']
    names += [f'importance_{i}' for i in range(4)]
    ours = torch.stack([losses[f'loss_{name}'] for name in names]).double()
    torch.testing.assert_close(ours, reference.outputs()['losses'], atol=1e-5, rtol=0)
