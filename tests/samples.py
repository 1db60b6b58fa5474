"""Data samples and small models that several tests share."""

import torch
from mmengine.config import ConfigDict
from mmengine.structures import LabelData, PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

ATTO = dict(type='ConvNeXtV2', arch='atto')
ATTO_CHANNELS = [40, 80, 160, 320]


def monfap_cfg(backbone=None, in_channels=None, **kwargs) -> dict:
    """MoNFAP with a small coarse localizer, without pretrained weights."""
    in_channels = in_channels or ATTO_CHANNELS
    head = dict(type='FUPHead', in_channels=in_channels, coarse_channels=16, mlp_channels=(32, 32, 32, 32))
    head.update(kwargs.pop('head', {}))
    return dict(
        type='MoNFAP',
        backbone=backbone or ATTO,
        neck=dict(type='MixtureOfNoises', in_channels=in_channels),
        decode_head=head,
        **kwargs,
    )


def build(cfg: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS.build(ConfigDict(cfg))


def make_samples(size, labels=(0, 1), **meta) -> list[SegDataSample]:
    """Samples of ``size`` whose fakes have a block of fake pixels."""
    samples = []
    for label in labels:
        mask = torch.zeros(1, *size, dtype=torch.long)
        if label:
            mask[:, : size[0] // 2, : size[1] // 2] = 1
        sample = SegDataSample(
            gt_sem_seg=PixelData(data=mask), metainfo=dict(ori_shape=size, img_shape=size, pad_shape=size, **meta)
        )
        sample.gt_label = LabelData(label=torch.tensor([label]))
        samples.append(sample)
    return samples


def without_mask(sample: SegDataSample) -> SegDataSample:
    """The sample, of whose pixels nothing is known any more."""
    sample.gt_sem_seg.data.fill_(255)
    return sample


def train_steps(model: torch.nn.Module, inputs: torch.Tensor, samples: list, optimizer=None) -> list[float]:
    """Two optimizer steps on one batch; returns the total losses."""
    model.train()
    optimizer = optimizer or torch.optim.AdamW(model.parameters(), lr=1e-4)
    totals = []
    for _ in range(2):
        total, log = model.parse_losses(model.loss(inputs, samples))
        optimizer.zero_grad()
        total.backward()
        assert all(torch.isfinite(value) for value in log.values()), log
        unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
        assert not unused, f'DDP would wait for the gradients of {unused}'
        optimizer.step()
        totals.append(total.item())
    return totals
