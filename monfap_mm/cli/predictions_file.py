"""Answers as they come, one JSON object per line, and picking up where a run was cut off."""

import json
from collections.abc import Iterator
from pathlib import Path

from ..jobs.line_log import LineLog, whole_lines
from ..structures import check_schema
from ..utils.atomic_write import atomic_write, written_aside
from .inputs import identity

NAME, SETTINGS_NAME = 'predictions.jsonl', 'run.json'


class PredictionsError(Exception):
    """The folder cannot take the answers; what is in it is left as it is."""


class PredictionsFile:
    """``predictions.jsonl`` and ``run.json``, the settings that it was made with; a context manager.

    A line is written after everything else of a file, so a file that has a line is done.

    Args:
        folder: Where to; it exists, and no other run writes to it.
        settings: What the answers depend on, in JSON's types.
        resume: Whether to go on with what is there. Files with an error are tried again, and keep its line until then.

    Attributes:
        path: The file.
        done: By :func:`identity` of a file that is answered, its state then; None in answers of earlier versions.

    Raises:
        PredictionsError: If there are answers already and ``resume`` is not set, they were made with other settings, or
            the file is not one of this version.
        OSError: If the folder cannot be written to.
    """

    def __init__(self, folder: Path, settings: dict, resume: bool) -> None:
        self.path = folder / NAME
        self.done: dict[str, dict | None] = {}
        self._folders: dict[str, str] = {}
        self._known: set[str] = set()
        if self.path.exists():
            if not resume:
                raise PredictionsError(f'{self.path} is there already: --resume goes on with it, or take another --out')
            _check_settings(folder / SETTINGS_NAME, settings)
            self._keep_last()
            for values in read_predictions(self.path):
                self._known.add(key := self._key(values))
                if values['error'] is None:
                    self.done[key] = values.get('source')
        atomic_write(folder / SETTINGS_NAME, json.dumps(settings, indent=2) + '\n')
        self._log = LineLog(self.path)
        self._has_superseded = False

    def __enter__(self) -> 'PredictionsFile':
        return self

    def __exit__(self, *_) -> None:
        self._log.close()

    def append(self, values: dict) -> None:
        """Write an answer, in place of an earlier one for the same file; afterwards a kill does not lose it."""
        self._log.append(to_line(values))
        self._has_superseded |= self._key(values) in self._known

    def finish(self) -> None:
        """Close the file, with one line for each."""
        self._log.close()
        if self._has_superseded:
            self._keep_last()

    def _key(self, values: dict) -> str:
        return identity(values['path'], self._folders)

    def _keep_last(self) -> None:
        """Rewrite the file with the last answer for each file, and without a torn line."""
        last = {self._key(values): number for number, values in enumerate(read_predictions(self.path))}
        with written_aside(self.path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
            for number, values in enumerate(read_predictions(self.path)):
                if last[self._key(values)] == number:
                    file.write(to_line(values))


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
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            values = json.loads(line)
            check_schema(values)
        except ValueError as error:
            raise PredictionsError(f'{path}, line {number}: {error}') from error
        yield values


def _check_settings(path: Path, settings: dict) -> None:
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
        differing = [
            f'{key}: {found.get(key)!r}, now {settings[key]!r}' for key in settings if found.get(key) != settings[key]
        ]
    except (OSError, ValueError, AttributeError) as error:
        raise PredictionsError(f'cannot resume: {path} is missing or broken ({error})') from error
    if differing:
        raise PredictionsError(f'cannot resume: {path} has other settings ({"; ".join(differing)})')
