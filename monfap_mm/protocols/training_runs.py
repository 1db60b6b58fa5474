"""Training a config over and testing its best checkpoint, once: what was done before is not done again."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ..utils.atomic_write import atomic_write
from ..utils.provenance import hash_text, versions
from .data_hashes import CONFIG_LOCK, hash_lists
from .tool_runs import ToolError, read_figures, run_tool


@dataclass(frozen=True)
class Training:
    """A config, with its seed, to be trained and tested.

    Attributes:
        cfg: The whole config.
        folder: Where everything of it goes.
        tools: Folder of ``train.py`` and ``test.py``.
    """

    cfg: Config
    folder: Path
    tools: Path

    def key(self) -> str:
        """Hash of the config and the lists of its data.

        Raises:
            NotThereError: If a list is missing.
        """
        loaders = (self.cfg[f'{split}_dataloader'] for split in ('train', 'val', 'test'))
        with CONFIG_LOCK:
            return hash_text(self.cfg.pretty_text + hash_lists(*(loader['dataset'] for loader in loaders)))

    def figures(self) -> dict[str, float] | None:
        """The figures on the test set, if this very training is done.

        Raises:
            NotThereError: If a list of the data is missing.
            ToolError: If the folder holds another training, begun or done.
        """
        return self._figures(self.key()) if self._record() else None

    def _record(self) -> Path | None:
        """What the folder says of a training that is done, or else of one that was begun."""
        records = (self.folder / 'result.json', self.folder / 'started.json')
        return next(filter(Path.exists, records), None)

    def _figures(self, key: str) -> dict[str, float] | None:
        record = self._record()
        kept = json.loads(record.read_text()) if record else dict(key=key)
        if kept['key'] != key:
            raise ToolError(
                f'{self.folder} holds a training with another config or other data: move it away, or name another '
                'work dir'
            )
        return kept.get('figures')

    def run(self, processes: int = 1) -> dict[str, float]:
        """Train, test the checkpoint, and keep the figures.

        Args:
            processes: Number of processes (GPUs).

        Raises:
            NotThereError: If a list of the data is missing.
            ToolError: If training or test fail, or the folder holds another training.
        """
        key = self.key()
        figures = self._figures(key)
        if figures is not None:
            return figures
        start = time.time()
        checkpoint = self._train(key, processes)
        test = ('test', self._config, checkpoint, '--work-dir', self.folder / 'test')
        self._run_tool(*test, processes=processes)
        figures = read_figures(self.folder / 'test')
        result = dict(key=key, seconds=round(time.time() - start), figures=figures, versions=versions())
        atomic_write(self.folder / 'result.json', json.dumps(result, indent=2) + '\n')
        return figures

    def train(self, processes: int = 1) -> Path:
        """Train, or go on where a killed training was; one that is done is not begun again.

        Returns:
            The best checkpoint; the last one of a config that asks for no best.

        Raises:
            NotThereError: If a list of the data is missing.
            ToolError: If training fails, or the folder holds another training.
        """
        key = self.key()
        self._figures(key)  # refuses another training
        return self._train(key, processes)

    def _train(self, key: str, processes: int) -> Path:
        started = self.folder / 'started.json'
        checkpoint = json.loads(started.read_text()).get('checkpoint') if started.exists() else None
        if checkpoint and (self.folder / checkpoint).is_file():
            return self.folder / checkpoint
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic_write(started, json.dumps(dict(key=key)) + '\n')
        with CONFIG_LOCK:
            atomic_write(self._config, self.cfg.pretty_text)
        self._run_tool('train', self._config, '--work-dir', self.folder, '--resume', processes=processes)
        checkpoint = self._checkpoint()
        atomic_write(started, json.dumps(dict(key=key, checkpoint=checkpoint.name)) + '\n')
        return checkpoint

    @property
    def _config(self) -> Path:
        return self.folder / 'config.py'

    def _run_tool(self, name: str, *arguments: str | Path, processes: int) -> None:
        run_tool(self.tools / f'{name}.py', *arguments, log=self.folder / f'{name}.log', processes=processes)

    def _checkpoint(self) -> Path:
        """The best checkpoint, the newer one if a kill has left two; the last one if there is no best."""
        best = max(self.folder.glob('best_*.pth'), key=os.path.getmtime, default=None)
        return best or Path((self.folder / 'last_checkpoint').read_text().strip())
