"""How far a job is: a bar on a terminal, a line now and then in a log."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LOG_SECONDS = 30
_BAR_SECONDS = 0.1


class ProgressReport:
    """Shows progress on standard error; a context manager.

    Args:
        done: Number of items done by an earlier run.
        total: Number of all items.
        unit: What an item is, in the plural.
    """

    def __init__(self, done: int, total: int, unit: str) -> None:
        self._first, self._done, self._total, self._unit = done, done, total, unit
        self._bad = 0
        self._within = ''
        self._start = self._shown = time.monotonic()
        self._console = Console(stderr=True)
        # No thread of its own, which would be forked along with the workers.
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[text]}'),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task('', total=total, completed=done, text=unit)

    def __enter__(self) -> 'ProgressReport':
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.update(self._task, completed=self._done, text=self._text())
        self._bar.refresh()
        self._bar.stop()

    @property
    def rate(self) -> float:
        """Items per second, in this run."""
        return (self._done - self._first) / max(time.monotonic() - self._start, 1e-9)

    def step(self, bad: bool) -> None:
        """Count one more item."""
        self._done += 1
        self._bad += bad
        self._within = ''
        self._show()

    def within(self, text: str) -> None:
        """Tell how far an item is that takes long."""
        self._within = f', {text}'
        self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._shown < (_BAR_SECONDS if self._console.is_terminal else _LOG_SECONDS):
            return
        self._shown = now
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._done, text=self._text())
            self._bar.refresh()
        else:
            left = f', about {(self._total - self._done) / self.rate / 60:.0f} min left' if self.rate else ''
            self._console.print(f'{self._done} of {self._total} {self._text()}{left}')

    def _text(self) -> str:
        return f'{self._unit}, {self.rate:.1f} per second, {self._bad} bad{self._within}'
