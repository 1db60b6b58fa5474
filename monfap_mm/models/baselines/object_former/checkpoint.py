"""Published weights of both versions of ObjectFormer in our names."""

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
VIP_RENAMES = (
    (r'^(conv1|norm1|obj_queries)\b', r'backbone.\1'),
    (r'^layer_(\d)\.', r'backbone.stages.\1.'),
    (r'\.proj\.to_token\.', '.reduce.'),
    (r'^(backbone\.stages\.\d)\.proj\.proj\.', r'\1.project.'),
    (r'\.proj_norm\.', '.norm.'),
    (r'\.proj_token\.(\d)\.', lambda m: f'.project_tokens.{int(m[1]) - 1}.'),
    (r'\.blocks\.(\d)\.(encoder|decoder)\.', r'.\2s.\1.'),
    (r'\.reason\.norm\.', '.norm.'),
    (r'\.reason\.linear\.', '.mix.'),
    (r'^localizer_(\d)\.', r'decode_head.localizers.\1.'),
    (r'\.deconv1\.conv\.', '.convs.0.'),
    (r'\.conv1\.0\.', '.convs.1.'),
    (r'\.deconv2\.conv\.', '.convs.2.'),
    (r'\.conv2\.1\.', '.convs.3.'),
    (r'^last_fc\.', 'decode_head.classifier.'),
)


def to_state_dict(checkpoint: dict) -> dict[str, Tensor]:
    """Rename the weights.

    Args:
        checkpoint: What IMDL-BenCo's file holds, or the authors'.

    Returns:
        The weights in the names of :class:`ObjectFormer`, or of :class:`ViPObjectFormer`.

    Raises:
        ConversionError: If there are no weights.
    """
    weights, state_dict = take_state_dict(checkpoint), {}
    for key, value in weights.items():
        for pattern, replacement in VIP_RENAMES if 'obj_queries' in weights else RENAMES:
            key = re.sub(pattern, replacement, key)
        # A convolution of size 1 over the tokens, linear here.
        state_dict[key] = value.squeeze(2) if key.endswith('.mix.weight') else value
    return state_dict
