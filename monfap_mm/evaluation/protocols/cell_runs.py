"""Testing the cells of a protocol, each once: what was tested before is not tested again."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

from ...atomic_write import atomic_write
from .protocol import Cell
from .provenance import hash_file, hash_text, versions
from .tool_runs import read_figures, run_tool


class NotThereError(Exception):
    """What a cell needs is not on this machine; the message says what."""


@dataclass(frozen=True)
class Provenance:
    """Short hashes of what makes the figures of a cell: config with options, checkpoint, lists of the test set."""

    config: str
    checkpoint: str
    lists: str

    def __str__(self) -> str:
        return f'config {self.config}, checkpoint {self.checkpoint}, lists {self.lists}'


def trace(cell: Cell) -> Provenance:
    """Find out what a cell would be tested with.

    Raises:
        NotThereError: If config, checkpoint or a list of the test set is missing.
    """
    for kind, path in (('config', cell.config), ('checkpoint', cell.checkpoint)):
        if not path.is_file():
            raise NotThereError(f'no {kind} {path}')
    cfg = Config.fromfile(cell.config)
    cfg.merge_from_dict(cell.options)
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': True})
    lists = [Path(path) for path in dataset.list_files()]
    for path in lists:
        if not path.is_file():
            raise NotThereError(f'no data {path}')
    return Provenance(
        hash_text(cfg.pretty_text), hash_file(cell.checkpoint), hash_text(' '.join(map(hash_file, lists)))
    )


def run_cell(cell: Cell, folder: Path, test_script: Path, processes: int = 1) -> dict:
    """Test a cell, unless that has been done with the same config, checkpoint and lists.

    Args:
        cell: What to test.
        folder: Where its result and log go.
        test_script: ``tools/test.py``.
        processes: Number of processes (GPUs).

    Returns:
        ``figures`` by key of the metric, ``provenance``, ``seconds`` and ``versions``.

    Raises:
        NotThereError: If config, checkpoint or data are missing.
        ToolError: If the test fails.
    """
    provenance = trace(cell)
    path = folder / 'result.json'
    if path.exists():
        result = json.loads(path.read_text())
        if result['provenance'] == vars(provenance):
            return result
    start = time.time()
    options = ['--cfg-options', *(f'{key}={_option(value)}' for key, value in cell.options.items())]
    arguments = [cell.config, cell.checkpoint, '--work-dir', folder / 'test', *(options if cell.options else [])]
    run_tool(test_script, *arguments, log=folder / 'test.log', processes=processes)
    result = dict(
        figures=read_figures(folder / 'test'),
        provenance=vars(provenance),
        seconds=round(time.time() - start, 1),
        versions=versions(),
    )
    # NaN is no JSON, but what Python's reader takes back.
    atomic_write(path, json.dumps(result, indent=2) + '\n')
    return result


def _option(value) -> str:
    """A value as ``--cfg-options`` reads it: lists without spaces."""
    return str(value).replace(' ', '') if isinstance(value, (list, tuple)) else str(value)
