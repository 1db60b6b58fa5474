"""PSCC-Net: from the authors' names to ours."""

import re

from torch import Tensor

from ....model_files.conversion import join_files

# Applied in order to every key; the first column is a regular expression.
_RENAMES = (
    (r'^FENet\.', 'backbone.'),
    (r'^SegNet\.getmask(\d)\.', lambda m: f'mask_head.levels.{int(m[1]) - 1}.'),
    (r'^(mask_head\.levels\.\d)\.getmask\.', r'\1.mask.'),
    (r'\.W_s\.', '.project.'),
    (r'\.W_c\.', '.channel_project.'),
    (r'\.gamma_s$', '.gamma'),
    (r'\.gamma_c$', '.channel_gamma'),
    (r'^ClsNet\.incre_modules\.(\d)\.0\.', r'detection_head.widen.\1.'),
    (r'^ClsNet\.downsamp_modules\.', 'detection_head.downsample.'),
    (r'^ClsNet\.final_layer\.', 'detection_head.final.'),
    (r'^ClsNet\.classifier\.', 'detection_head.classifier.'),
)
# A weight that each of the authors' files has, and where its weights belong.
_PARTS = {'layer1.0.conv1.weight': 'FENet.', 'getmask1.gamma_s': 'SegNet.', 'classifier.0.weight': 'ClsNet.'}


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """State dict of a :class:`PSCCNet` from what the authors' files hold.

    Args:
        checkpoint: What the folder with their three files (HRNet, NLCDetection, DetectionHead) holds, by file; or all
            weights in one state dict, with the prefixes 'FENet.', 'SegNet.' and 'ClsNet.'.

    Raises:
        ConversionError: As :func:`join_files`.
    """
    state_dict = {}
    for key, value in join_files(checkpoint, _PARTS).items():
        for pattern, replacement in _RENAMES:
            key = re.sub(pattern, replacement, key)
        state_dict[key] = value
    return state_dict
