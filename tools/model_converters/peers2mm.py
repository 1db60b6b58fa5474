"""Convert a checkpoint that the authors of another system publish into one of this package.

Weights of TensorFlow come as arrays of NumPy (``.npz``); the page of the system in ``configs/baselines`` says how to
write them.

    python tools/model_converters/peers2mm.py hpfcn theirs.npz hpfcn.pth --config configs/baselines/hpfcn/CONFIG.py
"""

import argparse
from importlib import import_module

from torch import Tensor

from monfap_mm.cli.command import run_command
from monfap_mm.model_files.conversion import (
    ConversionError,
    add_arguments,
    build_target,
    read_foreign,
    require_fit,
    save_converted,
)

# Each is a package of monfap_mm.models.baselines with a module `checkpoint`.
PEERS = (
    'cat_net',
    'doa_gan',
    'hifi_net',
    'hpfcn',
    'mantra_net',
    'mvss_net',
    'object_former',
    'pscc_net',
)


def convert(name: str, checkpoint: dict, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict from what the authors' file holds.

    Args:
        name: One of :data:`PEERS`.
        checkpoint: What the file holds.
        target: State dict of the model that is to load it.

    Returns:
        State dict with exactly the keys and shapes of ``target``.

    Raises:
        ConversionError: If the file is of something else, or keys are missing, left over, or of another shape.
    """
    to_state_dict = import_module(f'monfap_mm.models.baselines.{name}.checkpoint').to_state_dict
    try:
        state_dict = to_state_dict(checkpoint)
    except (IndexError, RuntimeError) as error:  # a weight has the name, but not as many axes
        raise ConversionError(f'The weights are not those of {name}: {error}') from error
    require_fit(state_dict, target)
    return state_dict


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', choices=PEERS, metavar='NAME', help=f'the system: {", ".join(PEERS)}')
    add_arguments(parser, source='checkpoint of the authors, or folder of several', config='config of the same system')
    return parser.parse_args()


def main() -> None:
    """Convert one checkpoint."""
    args = parse_args()
    target = build_target(args.config)
    state_dict = convert(args.name, read_foreign(args.source), target)
    save_converted(state_dict, target, args.source, args.destination)


if __name__ == '__main__':
    run_command('peers2mm', main, refusal=ConversionError)
