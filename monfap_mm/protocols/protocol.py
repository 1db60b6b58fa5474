"""Protocols: which models are tested on which test sets, for which table."""

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from ..evaluation.figures import PAPER_FIGURES
from .paper_tables import TABLES, PaperTable

_KEYS = ('title', 'table', 'groups', 'figures', 'average', 'rows')
_CELL_KEYS = ('config', 'checkpoint', 'train', 'cfg_options')
_TYPES = (
    ('title', str, 'a text'),
    ('table', str, "the name of one of the paper's tables"),
    ('groups', list, 'a list of names of test sets'),
    ('average', bool, 'true or false'),
    ('rows', dict, 'a mapping of names of models to their test sets'),
)


class ProtocolError(ValueError):
    """A protocol file that cannot be understood; the message names the file and the key."""


@dataclass(frozen=True)
class Cell:
    """A model on a test set.

    Attributes:
        row: Name of the model, as in the table.
        group: Name of the test set, as in the table.
        config: Path of the config, whose test set is scored.
        checkpoint: Path of the checkpoint. None: the config is trained first.
        options: Keys of the config to replace, as ``--cfg-options`` of the tools.
    """

    row: str
    group: str
    config: Path
    checkpoint: Path | None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """A table to fill.

    Attributes:
        name: Name of the files that are written: that of the protocol file.
        title: What the table shows.
        paper: The paper's table to stand beside ours; None without.
        groups: Test sets, left to right.
        figures: Key of the metric by name of the figure, such as ``{'ACC': 'forgery/ACC'}``.
        average: Whether a last group has the mean over the test sets.
        cells: What is to be tested.
    """

    name: str
    title: str
    paper: PaperTable | None
    groups: tuple[str, ...]
    figures: dict[str, str]
    average: bool
    cells: tuple[Cell, ...]

    @property
    def rows(self) -> list[str]:
        """Names of the models, in the order of the file."""
        return list(dict.fromkeys(cell.row for cell in self.cells))


def load_protocol(path: str | Path) -> Protocol:
    """Read a protocol from YAML, JSON or Python.

    Args:
        path: The file. ``rows`` has, for each model and each test set, ``config`` (relative to the file) and
            ``checkpoint`` (relative to the current folder; of several files that match a pattern such as
            ``best_*.pth``, the newest), or ``train: true`` in place of ``checkpoint``: the config is trained
            first; and maybe ``cfg_options``. ``groups`` orders the test sets, ``table`` names
            the paper's table. Examples are in ``configs/benchmarks``.

    Returns:
        The protocol, checked.

    Raises:
        FileNotFoundError: If there is no such file.
        ProtocolError: If a key is unknown, missing or has a value that makes no sense.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'There is no protocol file {path} (looked in {Path.cwd()})')
    content = _read(path)
    _check_keys(path, '', content, _KEYS, required=('title', 'groups', 'rows'))
    for key, kind, what in _TYPES:
        if not isinstance(content.get(key, kind()), kind) or content.get(key) in ([], {}):
            raise ProtocolError(f'{path}: {key} must be {what}, got {content[key]!r}')
    table = content.get('table')
    if table is not None and table not in TABLES:
        raise ProtocolError(f'{path}: table is {table!r}, the paper has {", ".join(TABLES)}')
    groups = tuple(map(str, content['groups']))
    return Protocol(
        name=path.stem,
        title=str(content['title']),
        paper=TABLES[table] if table is not None else None,
        groups=groups,
        figures=_figures(path, content.get('figures', list(PAPER_FIGURES))),
        average=bool(content.get('average', False)),
        cells=tuple(_cells(path, content['rows'], groups)),
    )


def _read(path: Path) -> dict:
    """The content of a file; YAML with a key twice, of which one would be lost, is refused."""
    try:
        if path.suffix in ('.yml', '.yaml'):
            content = yaml.load(path.read_text(encoding='utf-8'), _UniqueKeys)
        else:
            content = Config.fromfile(path).to_dict()
    except Exception as error:  # whatever YAML, JSON or Python have to say
        raise ProtocolError(f'{path} is no protocol: {error}') from error
    if not isinstance(content, dict):
        raise ProtocolError(f'{path} is no protocol: it must have the keys {", ".join(_KEYS)}')
    return content


class _UniqueKeys(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = next((key for key in keys if keys.count(key) > 1), None)
        if repeated is not None:
            raise ValueError(f'the key {repeated!r} is there twice{node.start_mark}')
        return super().construct_mapping(node, deep)


def _figures(path: Path, figures: list | dict) -> dict[str, str]:
    if isinstance(figures, dict) and figures:
        return {str(name): str(key) for name, key in figures.items()}
    if isinstance(figures, list) and figures:
        return {str(name): f'forgery/{name}' for name in figures}
    raise ProtocolError(f'{path}: figures must be a list of names, or a mapping of names to keys of the metric')


def _cells(path: Path, rows: dict, groups: tuple[str, ...]) -> Iterable[Cell]:
    for row, by_group in rows.items():
        if not isinstance(by_group, dict):
            raise ProtocolError(f'{path}: rows.{row} must map test sets to config and checkpoint')
        by_group = {str(group): cell for group, cell in by_group.items()}
        _check_keys(path, f'rows.{row}', by_group, groups)
        for group in (group for group in groups if group in by_group):
            where, cell = f'rows.{row}.{group}', by_group[group]
            if not isinstance(cell, dict):
                raise ProtocolError(f'{path}: {where} must have config and checkpoint')
            trains = cell.get('train', False)
            _check_keys(path, where, cell, _CELL_KEYS, required=('config',) if trains else ('config', 'checkpoint'))
            if not isinstance(trains, bool) or (trains and 'checkpoint' in cell):
                raise ProtocolError(f'{path}: {where}: train must be true, and then there is no checkpoint')
            options, checkpoint = cell.get('cfg_options') or {}, cell.get('checkpoint', '')
            if not (isinstance(cell['config'], str) and isinstance(checkpoint, str) and isinstance(options, dict)):
                raise ProtocolError(f'{path}: {where}: config and checkpoint must be paths, cfg_options a mapping')
            yield Cell(str(row), group, path.parent / cell['config'], None if trains else _newest(checkpoint), options)


def _newest(pattern: str) -> Path:
    """The newest file that matches; the pattern itself if none does."""
    return max(map(Path, glob.glob(pattern)), key=os.path.getmtime, default=Path(pattern))


def _check_keys(path: Path, where: str, content: dict, known: Iterable[str], required: Iterable[str] = ()) -> None:
    prefix = f'{where}.' if where else ''
    for key in content:
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            hint = f'; did you mean {close[0]!r}?' if close else f'; known are {", ".join(known)}'
            raise ProtocolError(f'{path}: unknown key {prefix}{key}{hint}')
    missing = [f'{prefix}{key}' for key in required if key not in content]
    if missing:
        raise ProtocolError(f'{path}: missing {", ".join(missing)}')
