"""Published weights of DOA-GAN in our names."""

import re

from torch import Tensor

from ....model_files.conversion import take_state_dict

# Convolutions of torchvision's VGG-19 by their index, to those of mmpretrain's.
VGG = {0: 0, 2: 1, 5: 3, 7: 4, 10: 6, 12: 7, 14: 8, 16: 9, 19: 11, 21: 12, 23: 13, 25: 14}
RENAMES = (
    (r'^encoder\.layer\d\.0\.(\d+)\.', lambda m: f'backbone.features.{VGG.get(int(m[1]), m[1])}.conv.'),
    (r'^corrLayer\.alpha$', 'decode_head.affinity.alpha'),
    (r'^val_conv\.', 'decode_head.gate.'),
    (r'^aspp_(mask|forge)\.', r'decode_head.aspp_\1.'),
    (r'^head_mask\.', 'decode_head.mask.'),
    (r'^detection\.conv1\.', 'decode_head.detection.convs.'),
    (r'^detection\.lin\.', 'decode_head.detection.linears.'),
)


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Rename the weights of the authors' generator.

    Args:
        checkpoint: What their file holds.

    Returns:
        The weights in the names of :class:`DOAGAN` without a discriminator.

    Raises:
        ConversionError: If there are no weights.
    """
    state_dict = {}
    for key, value in take_state_dict(checkpoint).items():
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        state_dict[key] = value
    return state_dict
