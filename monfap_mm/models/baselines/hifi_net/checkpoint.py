"""Published weights of HiFi-Net in our names."""

import re

from torch import Tensor

from ....model_files.conversion import join_files

RENAMES = (
    (r'^FENet\.', 'backbone.'),
    (r'^backbone\.conv1fre\.', 'backbone.frequency.0.'),
    (r'^backbone\.bn1fre\.', 'backbone.frequency.1.'),
    (r'^backbone\.laplacian\.conv_1x1\.', 'backbone.frequency.3.mix.'),
    (r'^backbone\.conv2fre\.', 'backbone.frequency.4.'),
    (r'^backbone\.bn2fre\.', 'backbone.frequency.5.'),
    (r'^backbone\.conv_1x1_merge\.', 'backbone.merge.'),
    (r'^SegNet\.getmask\.(g|theta|phi)\.', r'decode_head.mask_branch.attention.\1.'),
    (r'^SegNet\.getmask\.W_s\.', 'decode_head.mask_branch.attention.project.'),
    (r'^SegNet\.getmask\.gamma_s$', 'decode_head.mask_branch.attention.gamma'),
    (r'^SegNet\.getmask\.getmask\.', 'decode_head.mask_branch.mask.'),
    (r'^SegNet\.getmask\.conv_1\.', 'decode_head.mask_branch.squeeze.'),
    (r'^SegNet\.getmask\.conv_2\.', 'decode_head.mask_branch.mask.'),
    (r'^SegNet\.getmask\.Pconv_(\d)\.input_conv\.', lambda m: f'decode_head.partial_convs.convs.{int(m[1]) - 1}.'),
    (r'^SegNet\.FPN_LOC\.smooth_s(\d)\.', lambda m: f'decode_head.mask_branch.laterals.{int(m[1]) - 1}.'),
    (r'^SegNet\.FPN_LOC\.fpn(\d)\.', lambda m: f'decode_head.mask_branch.smooths.{int(m[1]) - 1}.'),
    # Their level 4 is the coarsest.
    (r'^SegNet\.branch_cls_level_(\d)\.', lambda m: f'decode_head.classes.{4 - int(m[1])}.'),
    (r'^(decode_head\.classes\.\d)\.branch_cls\.', r'\1.convs.'),
    (r'^(decode_head\.classes\.\d)\.bn\.', r'\1.norm.'),
    (r'^(decode_head\.classes\.\d)\.fc\.', r'\1.classifier.'),
)
# A weight that each of the authors' files has, and where its weights belong.
PARTS = {'conv1fre.weight': 'FENet.', 'getmask.gamma_s': 'SegNet.'}
# Gaussians and ones that never change.
CONSTANT = re.compile(r'\.(smoothing\.scale-\d+|mask_conv)\.weight$')


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Rename the weights of the authors.

    Args:
        checkpoint: What the folder with their two files (HRNet and NLCDetection) holds, by file; or the weights of
            both in one state dict, with the prefixes 'FENet.' and 'SegNet.'.

    Returns:
        The weights in the names of :class:`HiFiNet`.

    Raises:
        ConversionError: As :func:`join_files`.
    """
    state_dict = {}
    for key, value in join_files(checkpoint, PARTS).items():
        if CONSTANT.search(key):
            continue
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        state_dict[key] = value
    return state_dict
