"""Testing the cells of a protocol, each once: what was tested before is not tested again."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from mmengine.config import Config

from ..engine.cfg_options import merge_options
from ..utils.atomic_write import atomic_write
from ..utils.provenance import hash_file, hash_text, versions
from .data_hashes import CONFIG_LOCK, NotThereError, hash_lists
from .protocol import Cell
from .tool_runs import read_figures, run_tool
from .training_runs import Training


@dataclass(frozen=True)
class Provenance:
    """Short hashes of what makes the figures of a cell: config with options, checkpoint, lists of the test set."""

    config: str
    checkpoint: str
    lists: str


def cell_config(cell: Cell) -> Config:
    """The config of a cell, with its options.

    Raises:
        NotThereError: If there is no such file.
        OptionError: If an option is a typing error.
    """
    if not cell.config.is_file():
        raise NotThereError(f'no config {cell.config}')
    cfg = Config.fromfile(cell.config)
    merge_options(cfg, cell.options)
    return cfg


def run_cell(cell: Cell, folder: Path, tools: Path, processes: int = 1) -> dict:
    """Test a cell, unless that has been done with the same config, checkpoint and lists.

    A cell without a checkpoint is trained first, in ``folder/training``, or goes on where a killed training was.

    Args:
        cell: What to test.
        folder: Where its config, log and result go, and ``scores.jsonl`` for ``eval_metric.py``.
        tools: Folder of ``train.py`` and ``test.py``.
        processes: Number of processes (GPUs).

    Returns:
        ``figures`` by key of the metric, ``provenance``, ``seconds`` and ``versions``.

    Raises:
        NotThereError: If config, checkpoint or data are missing.
        ToolError: If training or test fail, or the folder holds another training.
    """
    with CONFIG_LOCK:
        cfg = cell_config(cell)
        text, lists = cfg.pretty_text, hash_lists(cfg.test_dataloader.dataset)
    checkpoint = cell.checkpoint or Training(cfg, folder / 'training', tools).train(processes)
    if not checkpoint.is_file():
        raise NotThereError(f'no checkpoint {checkpoint}')
    provenance = asdict(Provenance(hash_text(text), hash_file(checkpoint), lists))
    path = folder / 'result.json'
    if path.exists():
        result = json.loads(path.read_text())
        if result['provenance'] == provenance:
            return result
    start = time.time()
    folder.mkdir(parents=True, exist_ok=True)
    # The very config that was hashed is tested.
    config = folder / f'{cell.config.stem}.py'
    atomic_write(config, text)
    arguments = [config, checkpoint, '--work-dir', folder / 'test', '--out', folder / 'scores.jsonl']
    run_tool(tools / 'test.py', *arguments, log=folder / 'test.log', processes=processes)
    result = dict(
        figures=read_figures(folder / 'test'),
        provenance=provenance,
        seconds=round(time.time() - start, 1),
        versions=versions(),
    )
    # NaN is no JSON, but what Python's reader takes back.
    atomic_write(path, json.dumps(result, indent=2) + '\n')
    return result
