"""Weights of the released ManTra-Net, as the PyTorch port by R. Abecidan (MantraNetv4.pt) has them."""

import re

import torch
from torch import Tensor

from ....model_files.conversion import ConversionError, take_state_dict
from ...layers.residual_kernels import SRM_KERNELS
from .trace_extractor import srm_filters

# Applied in order to every key; the first column is a regular expression.
RENAMES = (
    (r'^IMTFE\.init_conv\.', 'extractor.filters.free.'),
    (r'^IMTFE\.middle_and_last_block\.(\d+)\.', lambda m: f'extractor.convs.{int(m[1]) // 2}.'),
    (r'^AnomalyDetector\.sigma_F$', 'detector.least_std'),
    (r'^AnomalyDetector\.adaptation\.', 'adaptation.'),
    (r'^AnomalyDetector\.end\.0\.', 'detector.predict.'),
    (r'^bnorm\.moving_mean$', 'norm.running_mean'),
    (r'^bnorm\.moving_variance$', 'norm.running_var'),
)
SRM = 'IMTFE.SRMConv2D.weight'
BAYAR = 'IMTFE.BayarConv2D.weight'
LSTM = 'AnomalyDetector.conv_lstm.cell_list.0.conv.'
CENTER = 12  # of 25 pixels


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Our state dict from that of the port.

    Args:
        checkpoint: What the port's file holds. Moving statistics, which it lacks, may be added as
            ``bnorm.moving_mean`` and ``bnorm.moving_variance``; without them the weights are for ``norm='instance'``.

    Raises:
        ConversionError: If its SRM filters, which are constants, are others.
    """
    theirs = take_state_dict(checkpoint)
    state_dict = {}
    srm = theirs.pop(SRM, None)
    if srm is not None and not _is_same(srm, srm_filters(SRM_KERNELS)):
        raise ConversionError(f'{SRM} holds other filters than the nine of ManTra-Net')
    if BAYAR in theirs:
        kernel = theirs.pop(BAYAR).flatten(2)
        state_dict['extractor.filters.bayar.weight'] = torch.cat([kernel[..., :CENTER], kernel[..., CENTER + 1 :]], -1)
    if {f'{LSTM}weight', f'{LSTM}bias'} <= theirs.keys():
        weight = theirs.pop(f'{LSTM}weight')
        num_hidden = len(weight) // 4
        state_dict['detector.lstm.input_conv.weight'] = weight[:, :-num_hidden].contiguous()
        state_dict['detector.lstm.hidden_conv.weight'] = weight[:, -num_hidden:].contiguous()
        state_dict['detector.lstm.input_conv.bias'] = theirs.pop(f'{LSTM}bias')
    for key, value in theirs.items():
        state_dict[_rename(key)] = value
    if 'norm.running_var' in state_dict:
        state_dict['norm.num_batches_tracked'] = torch.tensor(0)
    return state_dict


def _rename(key: str) -> str:
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def _is_same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a.float(), b, atol=1e-5)
