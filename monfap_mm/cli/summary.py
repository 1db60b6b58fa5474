"""What came out, as a table for a spreadsheet and a few lines for the screen."""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from prettytable import PrettyTable

from ..printable import printable
from ..structures import rle_share

COLUMNS = ('path', 'label', 'score', 'faces', 'fake_share', 'note', 'error')
NUM_SHOWN = 5


def summary_rows(predictions: Iterable[dict]) -> list[dict]:
    """One row a picture.

    Args:
        predictions: Answers in their JSON form.

    Returns:
        The rows, with the keys :data:`COLUMNS`.
    """
    return [
        dict(
            path=values['path'],
            label=values['label'],
            score=values['score'],
            faces=len(values['faces']),
            fake_share=None if values['mask'] is None else rle_share(values['mask']),
            note=values['note'],
            error=values['error'],
        )
        for values in predictions
    ]


def to_csv(rows: list[dict]) -> bytes:
    """The rows as CSV; names of files that are not Unicode keep their bytes."""
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode('utf-8', 'surrogateescape')


def to_text(rows: list[dict]) -> str:
    """Counts, the most suspicious pictures, and the first errors."""
    counts = Counter('no answer' if row['error'] else row['label'] for row in rows)
    table = PrettyTable(['pictures', 'fake', 'real', 'no answer'])
    table.add_row([len(rows), counts['fake'], counts['real'], counts['no answer']])
    lines = [table.get_string()]
    fakes = sorted((row for row in rows if row['label'] == 'fake'), key=lambda row: -row['score'])
    if fakes:
        most = PrettyTable(['P(fake)', 'regions', 'fake pixels', 'most suspicious'], align='l')
        for row in fakes[:NUM_SHOWN]:
            most.add_row([f'{row["score"]:.3f}', row['faces'], f'{row["fake_share"]:.1%}', printable(row['path'])])
        lines.append(most.get_string())
    errors = [row['error'] for row in rows if row['error']]
    if errors:
        lines += ['no answer for', *(f'  {printable(error)}' for error in errors[:NUM_SHOWN])]
        if len(errors) > NUM_SHOWN:
            lines.append(f'  and {len(errors) - NUM_SHOWN} more')
    return '\n'.join(lines)
