"""Convert a checkpoint of the authors' code into one of this package.

The names differ, the 1x1 convolutions of the up-samplers are linear layers here, the GRN parameters of ConvNeXt V2 have
another shape, and the SRM and HF filters stand kind by kind. Nothing is computed, so the converted model gives the same
logits.

    python tools/model_converters/official2mm.py official.pth monfap.pth --config configs/monfap/CONFIG.py
"""

import argparse
import re
from pathlib import Path

from torch import Tensor

from monfap_mm.cli.command import run_command
from monfap_mm.model_files.conversion import (
    ConversionError,
    add_arguments,
    build_target,
    read_foreign,
    save_converted,
)
from monfap_mm.models.layers.mone import EXPERTS
from monfap_mm.utils.state_dicts import without_wrapper

# Applied in order to every key; the first column is a regular expression.
RENAMES = (
    (r'^backbone_net\.', 'backbone.'),
    (r'\.dwconv\.', '.depthwise_conv.'),
    (r'\.pwconv(\d)\.', r'.pointwise_conv\1.'),
    (r'^noise_layers\.', 'neck.levels.'),
    (r'\.experts\.0\.', '.experts.cd.'),
    (r'\.experts\.1\.kernel$', '.experts.bayar.weight'),
    (r'\.experts\.2\.kernel$', '.experts.srm.filters'),
    (r'\.experts\.2\.', '.experts.srm.'),
    (r'\.experts\.3\.pre_filter\.weight$', '.experts.hf.filters'),
    (r'\.experts\.3\.', '.experts.hf.'),
    (r'\.out_conv\.0\.', '.project.conv.'),
    (r'\.out_conv\.1\.', '.project.bn.'),
    (r'\.shared_expert\.', '.shared_experts.0.'),
    (r'\.gate\.w_noise\.', '.gate.noise.'),
    (r'^fcn\.([03])\.', lambda m: f'decode_head.coarse_localizer.{int(m[1]) // 3}.conv.'),
    (r'^fcn\.([14])\.', lambda m: f'decode_head.coarse_localizer.{int(m[1]) // 3}.bn.'),
    (r'^fcn\.6\.', 'decode_head.coarse_localizer.2.'),
    (r'^decoder\.mask_tokens\.weight$', 'decode_head.tokens'),
    (
        r'^decoder\.pe_layers\.(\d)\.positional_encoding_gaussian_matrix$',
        r'decode_head.position_encodings.\1.frequencies',
    ),
    (r'^decoder\.token_layers\.(\d)\.layers\.0\.', r'decode_head.token_projections.\1.'),
    (r'^decoder\.upscaling_layers\.(\d)\.conv1\.0\.', r'decode_head.up_samplers.\1.expand.'),
    (r'^decoder\.upscaling_layers\.(\d)\.conv1\.1\.', r'decode_head.up_samplers.\1.norm1.'),
    (r'^decoder\.upscaling_layers\.(\d)\.conv2\.0\.', r'decode_head.up_samplers.\1.reduce.'),
    (r'^decoder\.upscaling_layers\.(\d)\.conv2\.1\.', r'decode_head.up_samplers.\1.norm2.'),
    (r'^decoder\.classifer\.fc\.', 'decode_head.classifier.'),
    (r'^decoder\.transformers\.(\d)\.layers\.', r'decode_head.stages.\1.blocks.'),
    (r'^decoder\.transformers\.(\d)\.final_attn_token_to_image\.', r'decode_head.stages.\1.final_attn.'),
    (r'^decoder\.transformers\.(\d)\.norm_final_attn\.', r'decode_head.stages.\1.final_norm.'),
    (r'\.cross_attn_token_to_image\.', '.token_to_image.'),
    (r'\.cross_attn_image_to_token\.', '.image_to_token.'),
    (r'\.mlp\.lin1\.', '.mlp.0.'),
    (r'\.mlp\.lin2\.', '.mlp.2.'),
)
# Parameters of the same numbers in another shape.
RESHAPED = re.compile(r'\.(up_samplers\.\d\.(expand|reduce)\.weight|grn\.(gamma|beta))$')
# Three filters per channel, (c, kind) there and (kind, c) here: the axis that is split, by the end of the name.
SPLIT_BY_KIND = {'filters': 0, 'project.conv.weight': 1}
NUM_KINDS = 3


def convert(official: dict[str, Tensor], target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename and reshape a state dict.

    Args:
        official: State dict in the authors' naming.
        target: State dict of the model that is to load it.

    Returns:
        State dict with exactly the keys and shapes of ``target``.

    Raises:
        ConversionError: If a key is missing, left over, or has another shape; names all of them.
    """
    converted, origin = {}, {}
    for key, value in official.items():
        name = rename(key)
        if name in target and RESHAPED.search(name) and value.numel() == target[name].numel():
            value = value.reshape(target[name].shape)
        converted[name], origin[name] = _by_kind(name, value, target), key
    problems = [f'missing: {name}' for name in target if name not in converted]
    problems += [f'extra: {origin[name]}' for name in converted if name not in target]
    problems += [
        f'shape: {origin[name]} is {tuple(converted[name].shape)}, the config has {tuple(target[name].shape)}'
        for name in target
        if name in converted and converted[name].shape != target[name].shape
    ]
    if problems:
        raise ConversionError('The checkpoint does not fit the config:\n  ' + '\n  '.join(problems))
    return converted


def _by_kind(name: str, value: Tensor, target: dict[str, Tensor]) -> Tensor:
    """Put what belongs to three filters per channel into our order; a value that does not fit is left as it is."""
    axis = next((axis for end, axis in SPLIT_BY_KIND.items() if name.endswith(f'.{end}')), None)
    if axis is None or name not in target or value.numel() != target[name].numel():
        return value
    return value.unflatten(axis, (-1, NUM_KINDS)).movedim(axis + 1, axis).reshape(target[name].shape)


def rename(key: str) -> str:
    """Our name of a parameter or buffer of the authors' code."""
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def load_official(path: Path) -> dict[str, Tensor]:
    """Read the authors' checkpoint, a dict with key 'model'.

    Raises:
        ConversionError: If the file is missing, is no checkpoint, or has no state dict under 'model'.
    """
    checkpoint = read_foreign(path)
    state_dict = checkpoint.get('model')
    weights = without_wrapper(state_dict) if isinstance(state_dict, dict) else {}
    if not weights:
        raise ConversionError(f"{path} has no state dict under the key 'model', where the authors' code keeps it.")
    return weights


def require_order_of_experts(target: dict[str, Tensor]) -> None:
    """Check the gate.

    Raises:
        ConversionError: If the config names the experts in another order than the authors' gate has them.
    """
    experts = target._metadata.get('neck', {}).get('settings', {}).get('experts', EXPERTS)
    if experts != EXPERTS:
        raise ConversionError(
            f'The gate of the authors has the experts in the order {EXPERTS}, the config in the order {experts}: '
            'leave neck.experts out, or set it to that order.'
        )


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, source="checkpoint of the authors' code", config='config with the same model')
    return parser.parse_args()


def main() -> None:
    """Convert one checkpoint."""
    args = parse_args()
    target = build_target(args.config)
    state_dict = convert(load_official(args.source), target)
    require_order_of_experts(target)
    save_converted(state_dict, target, args.source, args.destination)


if __name__ == '__main__':
    run_command('official2mm', main, refusal=ConversionError)
