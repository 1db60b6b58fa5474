"""Answers as they come, one JSON object a line, and picking up where a run was cut off."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from ..structures import check_schema
from ..utils.atomic_write import atomic_write

NAME, SETTINGS_NAME = 'predictions.jsonl', 'run.json'


class PredictionsError(Exception):
    """The folder cannot take the answers; what is in it is left as it is."""


class PredictionsFile:
    """``predictions.jsonl`` and ``run.json``, the settings that it was made with; a context manager.

    A line is written after everything else of a file, so a file that has a line is done.

    Args:
        folder: Where to, made if needed.
        settings: What the answers depend on, in JSON's types.
        resume: Whether to go on with what is there. Files with an error are tried again.

    Raises:
        PredictionsError: If there are answers already and ``resume`` is not set, they were made with other settings, or
            the file is not one of this version.
        OSError: If the folder cannot be written to.
    """

    def __init__(self, folder: Path, settings: dict, resume: bool) -> None:
        self.path = folder / NAME
        self.done: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            if not resume:
                raise PredictionsError(f'{self.path} is there already: --resume goes on with it, or take another --out')
            _check_settings(folder / SETTINGS_NAME, settings)
            self._keep_answers()
        atomic_write(folder / SETTINGS_NAME, json.dumps(settings, indent=2) + '\n')
        self._file = open(self.path, 'a', encoding='utf-8')  # noqa: SIM115  (closed by __exit__)

    def __enter__(self) -> 'PredictionsFile':
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def append(self, values: dict) -> None:
        """Write an answer; afterwards a kill does not lose it."""
        self._file.write(to_line(values))
        self._file.flush()

    def _keep_answers(self) -> None:
        """Rewrite the file without errors and without a line that was cut off."""
        temporary = self.path.with_name(f'{NAME}.tmp')
        with open(temporary, 'w', encoding='utf-8') as file:
            for values in read_predictions(self.path):
                if values['error'] is None:
                    self.done.add(values['path'])
                    file.write(to_line(values))
        os.replace(temporary, self.path)


def to_line(values: dict) -> str:
    """An answer as a line. Names of files that are not Unicode survive, escaped."""
    return json.dumps(values, separators=(',', ':')) + '\n'


def read_predictions(path: Path) -> Iterator[dict]:
    """The answers of a file; a last line that was cut off is left out.

    Yields:
        The objects, in the form of :meth:`ForgeryResult.to_json` or :meth:`VideoResult.to_json`.

    Raises:
        PredictionsError: If another line is broken; names it.
    """
    with open(path, 'rb') as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b'\n'):
                return
            try:
                values = json.loads(line)
                check_schema(values)
            except ValueError as error:
                raise PredictionsError(f'{path}, line {number}: {error}') from error
            yield values


def _check_settings(path: Path, settings: dict) -> None:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PredictionsError(f'cannot resume: {path} is missing or broken ({error})') from error
    differing = [
        f'{key}: {found.get(key)!r}, now {settings[key]!r}' for key in settings if found.get(key) != settings[key]
    ]
    if differing:
        raise PredictionsError(f'cannot resume: {path} has other settings ({"; ".join(differing)})')
