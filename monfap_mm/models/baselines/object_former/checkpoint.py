"""Weights of IMDL-BenCo's ObjectFormer in our names."""

import re

from torch import Tensor

from ....model_files.conversion import take_state_dict

RENAMES = (
    (r'^encoder_net_r\.0\.', 'backbone.color_embed.'),
    (r'^encoder_net_q\.0\.', 'backbone.frequency_embed.'),
    (r'^pos_encoding$', 'backbone.pos_embed'),
    (r'^encoder_decoders\.', 'backbone.layers.'),
    (r'\.encoder\.object_prototypes$', '.object_prototypes'),
    (r'\.mlp\.fc1\.', '.mlp.0.'),
    (r'\.mlp\.fc2\.', '.mlp.2.'),
    (r'^localization\.', 'decode_head.convs.'),
)


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Rename the weights.

    Args:
        checkpoint: What IMDL-BenCo's file holds.

    Returns:
        The weights in the names of :class:`ObjectFormer`.

    Raises:
        ConversionError: If there are no weights.
    """
    state_dict = {}
    for key, value in take_state_dict(checkpoint, 'model', 'state_dict').items():
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        state_dict[key] = value
    return state_dict
