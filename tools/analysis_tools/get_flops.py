"""Parameters and FLOPs of a config's model, whole and by part.

A FLOP is a multiply-add, as in mmseg's tool of the same name. Attention is counted as it is computed here, see
docs/model.md.

    python tools/analysis_tools/get_flops.py CONFIG [CONFIG ...] --shape 512 512
"""

import argparse

import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from prettytable import PrettyTable

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.command import run_command


class Forward(torch.nn.Module):
    """The model as a function of a tensor, as the analyzer traces it."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: torch.Tensor):
        """Raw outputs."""
        return self.model(inputs, mode='tensor')


def count_baddbmm(inputs: list, outputs: list) -> int:
    """Multiply-adds of ``baddbmm``, which the analyzer does not know."""
    (batch, rows, inner), (_, _, columns) = (value.type().sizes() for value in inputs[1:3])
    return batch * rows * inner * columns


def measure(config: str, shape: tuple[int, int]) -> dict[str, tuple[float, float]]:
    """Millions of parameters and GFLOPs.

    Args:
        config: Path of the config.
        shape: Height and width of the image.

    Returns:
        By part, and under 'whole'.
    """
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    cfg.model.pop('data_preprocessor', None)
    model = MODELS.build(cfg.model).eval()
    # A system may take more than pixels; a stock segmentor takes these.
    picture = model.example_inputs((1, *shape)) if hasattr(model, 'example_inputs') else torch.zeros(1, 3, *shape)
    flops = FlopAnalyzer(Forward(model), picture)
    flops.set_op_handle('aten::baddbmm', count_baddbmm)
    flops.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_module = flops.by_module()

    def row(module: torch.nn.Module, name: str) -> tuple[float, float]:
        return sum(p.numel() for p in module.parameters()) / 1e6, by_module[name] / 1e9

    parts = {name: row(part, f'model.{name}') for name, part in model.named_children() if list(part.parameters())}
    return parts | {'whole': row(model, 'model')}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--shape', nargs=2, type=int, default=[512, 512], metavar=('H', 'W'))
    return parser.parse_args()


def main() -> None:
    """Print a table."""
    args = parse_args()
    table = PrettyTable(['config', 'part', 'parameters (M)', f'FLOPs (G) at {args.shape[0]}x{args.shape[1]}'])
    for config in args.configs:
        for part, (parameters, flops) in measure(config, tuple(args.shape)).items():
            table.add_row([config, part, f'{parameters:.2f}', f'{flops:.2f}'])
    print(table)


if __name__ == '__main__':
    run_command('get_flops', main)
