"""``monfap info``: what is installed, where it can run, which models are known."""

import argparse
import os
from importlib.util import find_spec
from itertools import groupby

from ..apis import list_models
from ..distribution import IS_FULL
from ..model_files.starter import STARTER
from ..utils.provenance import versions
from ..version import __version__


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print(f'monfap_mm {__version__}\n\nversions')
    for package, version in versions().items():
        print(f'  {package:24}{version}')
    print('\ndevices')
    for device, text in _devices().items():
        print(f'  {device:24}{text}')
    print(f'\nmodels\n  {STARTER:24}comes with the package; what --model is where nothing is said')
    if not IS_FULL:
        print('  .onnx files; configs and checkpoints need PyTorch and the full package')
    for system, models in groupby(list_models().items() if IS_FULL else (), lambda item: item[1]['In Collection']):
        print(f'  {system}')
        for name, entry in models:
            print(f'    {name}{"" if entry.get("Weights") else "  (no weights: give --weights)"}')
    return 0


def _devices() -> dict[str, str]:
    """Where a model can run, by the names that --device takes."""
    if IS_FULL:
        import torch

        gpus = {f'cuda:{index}': torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())}
        return dict(cpu=f'{torch.get_num_threads()} threads') | gpus
    if find_spec('onnxruntime') is None:
        return {'none': 'ONNX Runtime is missing: pip install onnxruntime'}
    from onnxruntime import get_available_providers

    gpus = dict(cuda='by ONNX Runtime') if 'CUDAExecutionProvider' in get_available_providers() else {}
    return dict(cpu=f'{os.cpu_count()} cores') | gpus
