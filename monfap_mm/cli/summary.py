"""What came out, as a table for a spreadsheet and a few lines for the screen."""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from prettytable import PrettyTable

from ..structures import is_video_answer, rle_share
from ..utils.printable import printable
from ..visualization.timeline import clock

COLUMNS = ('path', 'kind', 'label', 'score', 'faces', 'fake_share', 'suspect_seconds', 'note', 'error')
NUM_SHOWN, NUM_STRETCHES = 5, 3


def summary_rows(predictions: Iterable[dict]) -> list[dict]:
    """One row a file.

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
    """The rows as CSV; names of files that are not Unicode keep their bytes."""
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, COLUMNS, extrasaction='ignore')
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode('utf-8', 'surrogateescape')


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
    errors = [row['error'] for row in rows if row['error']]
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


def _stretches(stretches: list[dict]) -> str:
    """The first stretches, and how many more there are."""
    shown = ', '.join(f'{clock(one["start"])}-{clock(one["end"])}' for one in stretches[:NUM_STRETCHES])
    return shown + (f' and {len(stretches) - NUM_STRETCHES} more' if len(stretches) > NUM_STRETCHES else '')
