"""MVSS-Net: from the authors' names to ours."""

import re

import torch
from torch import Tensor

from ....model_files.conversion import take_state_dict

# Applied in order to every key; the first column is a regular expression.
_RENAMES = (
    (r'^model\.', 'backbone.'),
    (r'^noise_extractor\.model\.', 'noise_stream.backbone.'),
    (r'^constrain_conv\.kernel$', 'noise_stream.constrained_conv.weight'),
    (r'^erb_db_(\d)\.', lambda m: f'edge_stream.level_blocks.{int(m[1]) - 1}.'),
    (r'^erb_trans_(\d)\.', lambda m: f'edge_stream.chain_blocks.{int(m[1]) - 1}.'),
    (r'^head\.conv_([pc])([12])\.0\.', lambda m: f'decode_head.{_BRANCHES[m[1]]}_{_PLACES[m[2]]}_conv.conv.'),
    (r'^head\.conv_([pc])([12])\.1\.', lambda m: f'decode_head.{_BRANCHES[m[1]]}_{_PLACES[m[2]]}_conv.bn.'),
    (r'^head\.pam\.conv_b\.', 'decode_head.pam.query_project.'),
    (r'^head\.pam\.conv_c\.', 'decode_head.pam.key_project.'),
    (r'^head\.pam\.conv_d\.', 'decode_head.pam.value_project.'),
    (r'^head\.pam\.alpha$', 'decode_head.pam.gamma.scale'),
    (r'^head\.cam\.beta$', 'decode_head.cam.gamma.scale'),
    (r'^head\.out\.1\.', 'decode_head.conv_seg.'),
)
_BRANCHES = {'p': 'pam', 'c': 'cam'}
_PLACES = {'1': 'in', '2': 'out'}
# Classifiers of ImageNet that nothing reads, and the fixed Sobel kernels.
_UNUSED = re.compile(r'^(model|noise_extractor\.model)\.fc\.|^sobel_[xy]\d\.0\.weight$')
_SOBEL_NORM = re.compile(r'^sobel_([xy])(\d)\.1\.(\w+)$')


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """State dict of an :class:`MVSSNet` in our names.

    Nothing is computed but the authors' own division of the Bayar weights, which here is part of the forward pass.

    Args:
        checkpoint: What the authors' file holds.
    """
    official = take_state_dict(checkpoint)
    state_dict = {_rename(key): value for key, value in official.items() if not _UNUSED.search(key)}
    for key in [key for key in state_dict if _SOBEL_NORM.match(key)]:
        axis, level, name = _SOBEL_NORM.match(key).groups()
        other = f'sobel_y{level}.1.{name}'
        if axis == 'x' and other in state_dict:
            pair = [state_dict.pop(key), state_dict.pop(other)]
            joined = pair[0] if name == 'num_batches_tracked' else torch.cat(pair)
            state_dict[f'edge_stream.gates.{int(level) - 1}.norm.{name}'] = joined
    for name in ('decode_head.pam.gamma.scale', 'decode_head.cam.gamma.scale'):
        if name in state_dict and state_dict[name].shape == (1,):
            state_dict[name] = state_dict[name][0]
    kernel = state_dict.get('noise_stream.constrained_conv.weight')
    if kernel is not None and kernel.ndim == 3:
        state_dict['noise_stream.constrained_conv.weight'] = kernel.transpose(0, 1)
    return state_dict


def _rename(key: str) -> str:
    for pattern, replacement in _RENAMES:
        key = re.sub(pattern, replacement, key)
    return key
