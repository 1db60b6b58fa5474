"""The authors' checkpoints."""

import re

from torch import Tensor

from ....model_files.conversion import take_state_dict

# Applied in order to every key; the RGB stream has the names of HRNet, as mmseg has.
RENAMES = (
    (r'^(conv\d|bn\d|layer1|transition[123]|stage[234])\.', r'backbone.\1.'),
    (r'^dc_layer0_dil\.', 'dct_stream.dilated.'),
    (r'^dc_layer1_tail\.', 'dct_stream.reduced.'),
    (r'^dc_layer2\.', 'dct_stream.blocks.'),
    (r'^dc_(transition|stage)', r'dct_stream.\1'),
    # A branch that is new stands in a list of its own there.
    (r'^(dct_stream\.transition\d\.\d)\.0\.(?=\d)', r'\1.'),
    (r'^transition4\.', 'transition.'),
    (r'^stage5\.', 'fusion.'),
    (r'^last_layer\.', 'head.'),
    (r'^(dct_stream\.reduced|(?:dct_stream\.)?transition\d?\.\d)\.0\.', r'\1.conv.'),
    (r'^(dct_stream\.reduced|(?:dct_stream\.)?transition\d?\.\d)\.1\.', r'\1.bn.'),
)


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """From what the authors' file holds to the names of :class:`CatNet`.

    Raises:
        ConversionError: If it holds no weights.
    """
    return {_rename(key): value for key, value in take_state_dict(checkpoint).items()}


def _rename(key: str) -> str:
    key = key.removeprefix('model.')
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key
