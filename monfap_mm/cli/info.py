"""``monfap info``: what is installed, where it can run, which models are known."""

import argparse

import torch

from ..apis import list_models
from ..evaluation.protocols import versions
from ..version import __version__


def add_parser(verbs) -> None:
    """Add the verb to ``monfap``."""
    text = 'print versions, devices and the models that are known by name'
    verbs.add_parser('info', help=text, description=text.capitalize()).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print(f'monfap_mm {__version__}\n\nversions')
    for package, version in versions().items():
        print(f'  {package:24}{version}')
    print(f'\ndevices\n  {"cpu":24}{torch.get_num_threads()} threads')
    for index in range(torch.cuda.device_count()):
        print(f'  {f"cuda:{index}":24}{torch.cuda.get_device_name(index)}')
    print('\nmodels')
    for name, entry in list_models().items():
        print(f'  {name}{"" if entry.get("Weights") else "  (no weights: give --weights)"}')
    return 0
