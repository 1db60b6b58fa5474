"""Parameters and multiply-adds of a config's model."""

import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS


class _Forward(torch.nn.Module):
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


def count(config: str, shape: tuple[int, int]) -> dict[str, tuple[float, float]]:
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
    flops = FlopAnalyzer(_Forward(model), picture)
    flops.set_op_handle('aten::baddbmm', count_baddbmm)
    flops.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_module = flops.by_module()

    def row(module: torch.nn.Module, name: str) -> tuple[float, float]:
        return sum(p.numel() for p in module.parameters()) / 1e6, by_module[name] / 1e9

    parts = {name: row(part, f'model.{name}') for name, part in model.named_children() if list(part.parameters())}
    return parts | {'whole': row(model, 'model')}
