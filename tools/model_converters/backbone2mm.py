"""Convert an ImageNet checkpoint of PyTorch, torchvision or timm into one of a config's backbone.

The weights are taken by name or, where the names differ, in order: then each must have the shape and the kind (weight,
bias, running mean...) of its counterpart. What the backbone does not have, such as a classifier, is left out.

    python tools/model_converters/backbone2mm.py theirs.pth backbone.pth --config configs/monfap/CONFIG.py
"""

import argparse
from pathlib import Path

from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.command import run_command
from monfap_mm.model_files.conversion import (
    ConversionError,
    add_arguments,
    model_of,
    read_foreign,
    take_state_dict,
    write_checkpoint,
)

KINDS = ('weight', 'bias', 'running_mean', 'running_var')
# It enters no answer, and older files lack it.
COUNTER = 'num_batches_tracked'
# mmseg's wrapper puts it before the names of timm.
WRAPPER = 'timm_model.'


def convert(source: dict[str, Tensor], target: dict[str, Tensor], has_order: bool = True) -> dict[str, Tensor]:
    """The weights of a backbone, from a classifier on the same backbone.

    Args:
        source: State dict of the classifier.
        target: State dict of the backbone.
        has_order: Whether the weights stand in the order in which they are used.

    Returns:
        State dict with exactly the keys and shapes of ``target``.

    Raises:
        ConversionError: If the weights fit neither by name nor in order; says where they part.
    """
    available, wanted = ([key for key in keys if _kind(key) != COUNTER] for keys in (source, target))
    names = {_plain(key): key for key in available}
    if all(_plain(key) in names for key in wanted):
        pairs = {key: names[_plain(key)] for key in wanted}
    elif has_order and len(available) >= len(wanted):
        pairs = dict(zip(wanted, available))
    else:
        missing = [key for key in wanted if _plain(key) not in names]
        raise ConversionError(
            f'The checkpoint is of another network: the backbone has {len(wanted)} weights, of which it lacks '
            f'{len(missing)} by name, such as {missing[0]}'
            + (f', and only {len(available)} in all.' if has_order else '; files of its kind keep no order.')
        )
    for ours, theirs in pairs.items():
        if not _fit(ours, target[ours], theirs, source[theirs]):
            raise ConversionError(
                f'The checkpoint is of another network: where the backbone has {ours} {tuple(target[ours].shape)}, it '
                f'has {theirs} {tuple(source[theirs].shape)}.'
            )
    return {**target, **{ours: source[theirs] for ours, theirs in pairs.items()}}


def _fit(ours: str, our_value: Tensor, theirs: str, their_value: Tensor) -> bool:
    kinds = {_kind(ours), _kind(theirs)}
    # Other kinds have names of their own in each code: gamma, pos_embed.
    return our_value.shape == their_value.shape and (len(kinds) == 1 or not kinds <= set(KINDS))


def _kind(key: str) -> str:
    return key.rpartition('.')[2]


def _plain(key: str) -> str:
    # timm writes stem_0 for stem.0 where it takes networks apart for their features.
    return key.removeprefix(WRAPPER).replace('.', '_')


def build_backbone(config: Path) -> dict[str, Tensor]:
    """State dict of the config's backbone, without loading pretrained weights.

    Raises:
        ConversionError: If there is no such config, or its model has no backbone.
    """
    cfg = model_of(config).get('backbone')
    if cfg is None:
        raise ConversionError(f'{config} is no config of a model with a backbone')
    if cfg.type == 'TIMMBackbone':
        cfg.pretrained = False
    init_default_scope('mmseg')
    return MODELS.build(cfg).state_dict()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = 'checkpoint of a classifier: .pth, .bin, .safetensors'
    add_arguments(parser, source=source, config='config with the same backbone')
    return parser.parse_args()


def main() -> None:
    """Convert one checkpoint."""
    args = parse_args()
    target = build_backbone(args.config)
    source = take_state_dict(read_foreign(args.source))
    state_dict = convert(source, target, has_order=args.source.suffix != '.safetensors')
    write_checkpoint(state_dict, dict(converted_from=args.source.name), args.source, args.destination)
    print('To start from them:')
    print(f"model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='{args.destination}')))")


if __name__ == '__main__':
    run_command('backbone2mm', main, refusal=ConversionError)
