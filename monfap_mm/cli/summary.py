"""What came out, as a table for a spreadsheet and a few lines for the screen."""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from prettytable import PrettyTable

from ..structures import is_video_answer, rle_share
from ..utils.printable import printable
from ..visualization.timeline import clock

# What makes a spreadsheet take a cell for a formula, also in its wide forms, which East Asian versions accept.
FORMULA_STARTS = tuple('=+-@\t\r\n＝＋－＠')
# In front of a cell, it makes spreadsheets take it for text. In front of itself, so that it can be taken off again.
TEXT_MARK = "'"
COLUMNS = ('path', 'kind', 'label', 'score', 'faces', 'fake_share', 'suspect_seconds', 'note', 'error')
NUM_SHOWN, NUM_STRETCHES = 5, 3


def summary_rows(predictions: Iterable[dict]) -> list[dict]:
    """One row per file.

    Args:
        predictions: Answers in their JSON form.

    Returns:
        The rows, with the keys :data:`COLUMNS`, and for a video ``stretches``. What a kind does not have is None.
    """
    return [_video_row(values) if is_video_answer(values) else _picture_row(values) for values in predictions]


def _picture_row(values: dict) -> dict:
    own = dict(
        kind='picture',
        faces=len(values['faces']),
        fake_share=None if values['mask'] is None else rle_share(values['mask']),
        suspect_seconds=None,
    )
    return _common(values) | own


def _video_row(values: dict) -> dict:
    stretches = values['stretches']
    seconds = None if values['error'] else round(sum(stretch['end'] - stretch['start'] for stretch in stretches), 3)
    return _common(values) | dict(
        kind='video', faces=None, fake_share=None, suspect_seconds=seconds, stretches=stretches
    )


def _common(values: dict) -> dict:
    return {key: values[key] for key in ('path', 'label', 'score', 'note', 'error')}


def to_csv(rows: list[dict]) -> bytes:
    """The rows as CSV; names of files that are not Unicode keep their bytes.

    A file may be called ``=HYPERLINK(...)``: a text that a spreadsheet would run gets an apostrophe in front, as does
    one that begins with an apostrophe; :func:`read_csv` takes it off.
    """
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, COLUMNS, extrasaction='ignore')
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode('utf-8', 'surrogateescape')


def read_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV of :func:`to_csv`, all values as text, '' for None."""
    rows = csv.DictReader(io.StringIO(content.decode('utf-8', 'surrogateescape'), newline=''))
    return [{key: value.removeprefix(TEXT_MARK) for key, value in row.items()} for row in rows]


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.startswith((*FORMULA_STARTS, TEXT_MARK)):
        return TEXT_MARK + value
    return value


def to_text(rows: list[dict]) -> str:
    """Counts, the most suspicious pictures and videos, and the first errors."""
    pictures, videos = ([row for row in rows if row['kind'] == kind] for kind in ('picture', 'video'))
    lines = [_counts('pictures', pictures)] if pictures or not videos else []
    if fakes := _most_suspicious(pictures):
        most = PrettyTable(['P(fake)', 'regions', 'fake pixels', 'most suspicious'], align='l')
        for row in fakes:
            most.add_row([f'{row["score"]:.3f}', row['faces'], f'{row["fake_share"]:.1%}', printable(row['path'])])
        lines.append(most.get_string())
    if videos:
        lines.append(_counts('videos', videos))
    if fakes := _most_suspicious(videos):
        most = PrettyTable(['P(fake)', 'suspect stretches', 'most suspicious'], align='l')
        for row in fakes:
            most.add_row([f'{row["score"]:.3f}', _stretches(row['stretches']), printable(row['path'])])
        lines.append(most.get_string())
    errors = [_error(row) for row in rows if row['error']]
    if errors:
        lines += ['no answer for', *(f'  {printable(error)}' for error in errors[:NUM_SHOWN])]
        if len(errors) > NUM_SHOWN:
            lines.append(f'  and {len(errors) - NUM_SHOWN} more')
    return '\n'.join(lines)


def _counts(kind: str, rows: list[dict]) -> str:
    counts = Counter('no answer' if row['error'] else row['label'] for row in rows)
    table = PrettyTable([kind, 'fake', 'real', 'no answer'])
    table.add_row([len(rows), counts['fake'], counts['real'], counts['no answer']])
    return table.get_string()


def _most_suspicious(rows: list[dict]) -> list[dict]:
    return sorted((row for row in rows if row['label'] == 'fake'), key=lambda row: -row['score'])[:NUM_SHOWN]


def _error(row: dict) -> str:
    """Why there is no answer, with the whole path: names come twice."""
    return row['error'] if row['path'] in row['error'] else f'{row["path"]}: {row["error"]}'


def _stretches(stretches: list[dict]) -> str:
    """The first stretches, and how many more there are."""
    shown = ', '.join(f'{clock(one["start"])}-{clock(one["end"])}' for one in stretches[:NUM_STRETCHES])
    return shown + (f' and {len(stretches) - NUM_STRETCHES} more' if len(stretches) > NUM_STRETCHES else '')
