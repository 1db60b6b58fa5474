"""Tables of figures, ours beside the paper's, as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ..evaluation.plain_json import without_nan
from ..utils.atomic_write import atomic_write
from .paper_tables import PaperTable


@dataclass(frozen=True)
class Value:
    """A figure in percent.

    Attributes:
        mean: The figure, or its mean over repeated trainings.
        std: Sample standard deviation over repeated trainings; None for a single one.
    """

    mean: float
    std: float | None = None

    @classmethod
    def over_runs(cls, figures: Sequence[float]) -> 'Value | None':
        """Mean and standard deviation of several runs, NaN if one is; None for none."""
        if not figures:
            return None
        return cls(float(np.mean(figures)), float(np.std(figures, ddof=1)) if len(figures) > 1 else None)

    def text(self, plus_minus: str = ' ± ', signed: bool = False) -> str:
        """Two decimals, as in the paper; ``nan`` for an undefined figure."""
        mean = f'{self.mean:{"+" if signed else ""}.2f}'
        return mean if self.std is None else f'{mean}{plus_minus}{self.std:.2f}'


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        name: What the line is about, such as a model.
        source: 'ours', 'paper' or 'difference' (ours - paper).
        values: By (group, figure); a column that is missing is an empty cell.
        notes: Why a group is empty, by group.
    """

    name: str
    source: str
    values: dict[tuple[str, str], Value]
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Figures by row and column.

    Attributes:
        title: What the table shows.
        groups: Test sets, left to right; ``('',)`` if there is only one.
        figures: Figures of each group, left to right.
        rows: The lines, top to bottom.
        footnotes: Said below the table.
    """

    title: str
    groups: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(group, figure), left to right."""
        return [(group, figure) for group in self.groups for figure in self.figures]

    def markdown(self) -> str:
        """A Markdown table with title and footnotes."""
        columns = [_escape_pipe(' '.join(filter(None, column))) for column in self.columns]
        lines = [f'**{self.title}**', '', '| | | ' + ' | '.join(columns) + ' |', '|---|---|' + '--:|' * len(columns)]
        for row in self.rows:
            cells = [self._cell(row, column) for column in self.columns]
            lines.append(f'| {_escape_pipe(row.name)} | {row.source} | ' + ' | '.join(map(_escape_pipe, cells)) + ' |')
        lines += [line for note in self.footnotes for line in ('', note)]
        return '\n'.join(lines) + '\n'

    def latex(self) -> str:
        """A LaTeX ``tabular`` for the package booktabs."""
        lines = [rf'% {self.title}', rf'\begin{{tabular}}{{ll{"r" * len(self.columns)}}}', r'\toprule']
        if self.groups != ('',):
            spans = [rf'\multicolumn{{{len(self.figures)}}}{{c}}{{{_escape_latex(group)}}}' for group in self.groups]
            lines.append(' & & ' + ' & '.join(spans) + r' \\')
        lines += [' & & ' + ' & '.join(_escape_latex(figure) for _, figure in self.columns) + r' \\', r'\midrule']
        for row in self.rows:
            cells = [self._cell(row, column, plus_minus=r'\,$\pm$\,') for column in self.columns]
            cells = [cell if r'$\pm$' in cell else _escape_latex(cell) for cell in cells]
            lines.append(' & '.join([_escape_latex(row.name), row.source, *cells]) + r' \\')
        lines += [r'\bottomrule', r'\end{tabular}', *(f'% {note}'.replace('\n', ' ') for note in self.footnotes)]
        return '\n'.join(lines) + '\n'

    def csv(self) -> str:
        """One line per figure: row, source, group, figure, mean, std, note."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator='\n')
        writer.writerow(['row', 'source', 'group', 'figure', 'mean', 'std', 'note'])
        for row in self.rows:
            for group, figure in self.columns:
                value = row.values.get((group, figure))
                numbers = ['', ''] if value is None else [value.mean, '' if value.std is None else value.std]
                writer.writerow([row.name, row.source, group, figure, *numbers, row.notes.get(group, '')])
        return stream.getvalue()

    def to_dict(self) -> dict:
        """The rows with their figures, as plain dicts and lists."""
        rows = []
        for row in self.rows:
            figures = [
                {'group': group, 'figure': figure, **asdict(value)} for (group, figure), value in row.values.items()
            ]
            rows.append({'name': row.name, 'source': row.source, 'figures': figures, 'notes': row.notes})
        return {'title': self.title, 'rows': rows, 'footnotes': list(self.footnotes)}

    def write(self, folder: Path, name: str, **more) -> None:
        """Write ``name.md``, ``.csv``, ``.tex`` and ``.json``.

        Args:
            folder: Made if needed.
            name: Name of the files, without ending.
            **more: Further keys of the JSON file, such as versions. Undefined figures become null there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            'md': self.markdown(),
            'csv': self.csv(),
            'tex': self.latex(),
            'json': json.dumps(without_nan({**self.to_dict(), **more}), indent=2, allow_nan=False) + '\n',
        }
        for ending, text in content.items():
            atomic_write(folder / f'{name}.{ending}', text)

    def _cell(self, row: Row, column: tuple[str, str], **text) -> str:
        value = row.values.get(column)
        if value is not None:
            return value.text(signed=row.source == 'difference', **text)
        # A reason is said once, in the first cell of its group.
        return row.notes.get(column[0], '') if column[1] == self.figures[0] else ''


def beside_paper(row: Row, paper: PaperTable | None, paper_row: str, difference: bool = True) -> list[Row]:
    """A row of ours, followed by the paper's, where the paper has that row, and the difference."""
    if paper is None or paper_row not in paper.rows:
        return [row]
    published, differences = {}, {}
    for group in paper.groups:
        for figure, number in paper.figures_of(paper_row, group).items():
            if number is None:
                continue
            column = group, figure
            published[column] = Value(number)
            measured = row.values.get(column)
            if measured is not None and math.isfinite(measured.mean):
                differences[column] = Value(measured.mean - number)
    rows = [row, Row(row.name, 'paper', published)]
    return [*rows, Row(row.name, 'difference', differences)] if difference and differences else rows


def with_average(row: Row, groups: Sequence[str], figures: Sequence[str], name: str = 'Average') -> Row:
    """Add the mean over test sets, of the figures that are there for every one of them."""
    values = dict(row.values)
    for figure in figures:
        found = [row.values[group, figure].mean for group in groups if (group, figure) in row.values]
        if len(found) == len(groups):
            values[name, figure] = Value(float(np.mean(found)))
    return Row(row.name, row.source, values, row.notes)


def _escape_pipe(text: str) -> str:
    return text.replace('|', '\\|').replace('\n', ' ')


_LATEX = str.maketrans(
    {
        '\\': r'\textbackslash{}',
        '~': r'\textasciitilde{}',
        '^': r'\textasciicircum{}',
        '\n': ' ',
        **{character: f'\\{character}' for character in '%&#_{}$'},
    }
)


def _escape_latex(text: str) -> str:
    return r'$\rightarrow$'.join(part.translate(_LATEX) for part in text.split('->'))
