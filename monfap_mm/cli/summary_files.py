"""What is written when all files are answered: the table and the report."""

import time
from collections.abc import Mapping
from pathlib import Path

from ..utils.atomic_write import atomic_write
from ..visualization.report import write_report
from .predictions_file import NAME, read_predictions
from .summary import summary_rows, to_csv


def write_summary_files(folder: Path, about: Mapping[str, object], settings: Mapping[str, object]) -> list[dict]:
    """Write ``summary.csv`` and ``report.html`` from ``predictions.jsonl``.

    Args:
        folder: Folder of the answers.
        about: What else the report says of the run, such as the model's path.
        settings: What the answers depend on.

    Returns:
        The rows of the table, see :func:`summary_rows`.

    Raises:
        OSError: If they cannot be written.
    """
    rows = summary_rows(read_predictions(folder / NAME))
    atomic_write(folder / 'summary.csv', to_csv(rows))
    written = time.strftime('%Y-%m-%d %H:%M:%S %z')
    write_report(folder / 'report.html', read_predictions(folder / NAME), {**about, 'written': written, **settings})
    return rows
