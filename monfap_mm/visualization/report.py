"""The answers for a folder on one page: a single HTML file that needs nothing else, sortable and printable."""

import base64
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np

from ..structures import rle_share
from ..utils.atomic_write import written_aside
from ..utils.fit_size import fit_size
from ..utils.printable import printable
from .gate_bars import EXPERT_NAMES, expert_colors
from .panels import resize
from .report_page import ERRORS, FOOT, HEAD, SCRIPT, STYLE
from .timeline import clock

THUMBNAIL = (108, 144)
JPEG_QUALITY = 75
MAX_REGIONS = 9


def write_report(path: Path, predictions: Iterable[dict], settings: Mapping[str, object]) -> None:
    """Write the report; a row is written before the next one is made, and only short figures are kept of all.

    Args:
        path: The HTML file, in the folder that the answers' ``files`` are relative to. It is replaced when the new one
            is complete.
        predictions: Answers in their JSON form, each with ``files``, the paths of its pictures by kind. Of other kinds
            of answers, such as those for videos, only ``path``, ``score``, ``label`` and ``error`` are needed.
        settings: What to say about the run, in the order to be shown.

    Raises:
        OSError: If it cannot be written.
    """
    rows = [_shorten(values) for values in predictions]
    answers = sorted((row for row in rows if row['error'] is None), key=lambda row: -(row['score'] or 0))
    errors = [row for row in rows if row['error'] is not None]
    counts = Counter(row['label'] for row in answers)
    shown = {'files': len(rows), 'fake': counts['fake'], 'real': counts['real'], 'no answer': len(errors)}
    with written_aside(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        file.write(
            HEAD.substitute(
                num_fake=counts['fake'],
                num_all=len(rows),
                style=STYLE,
                counts=''.join(f'<div>{_definition(name, count)}</div>' for name, count in shown.items()),
            )
        )
        file.writelines(_answer_row(path.parent, row) for row in answers)
        if errors:
            file.write(ERRORS)
        file.writelines(_error_row(row) for row in errors)
        about = ''.join(_definition(name, value) for name, value in settings.items())
        file.write(FOOT.substitute(settings=about, script=SCRIPT))


def _shorten(values: dict) -> dict:
    """What the report needs of an answer: all but its mask, which may be long."""
    keys = ('path', 'size', 'score', 'label', 'faces', 'gates', 'stretches', 'note', 'error')
    row = {key: values.get(key) for key in keys}
    mask = values.get('mask')
    return row | dict(files=values.get('files') or {}, share=None if mask is None else rle_share(mask))


def _text(value: object) -> str:
    return escape(printable(str(value)))


def _definition(name: str, value: object) -> str:
    return f'<dt>{_text(name)}</dt><dd>{_text(value)}</dd>'


def _answer_row(folder: Path, row: dict) -> str:
    parent, name = os.path.split(row['path'])
    label = _text(row['label'])
    cells = (
        f'<td role="cell">{_thumbnail(folder, row)}</td>',
        f'<th scope="row" role="rowheader" data-value="{_text(row["path"])}">{_text(name)}'
        f'<small>{_text(parent)}</small></th>',
        _number(row['score'], '.3f'),
        f'<td role="cell" class="{label}">{label}</td>',
        _number(None if row['faces'] is None else len(row['faces']), 'd'),
        _number(row['share'], '.1%'),
        f'<td role="cell">{_details(folder, row)}</td>',
    )
    return f'<tr role="row">{"".join(cells)}</tr>\n'


def _error_row(row: dict) -> str:
    return f'<tr><th scope="row">{_text(row["path"])}</th><td>{_text(row["error"])}</td></tr>\n'


def _number(value: float | None, form: str) -> str:
    if value is None:
        return '<td role="cell" class="number" data-value="">–</td>'
    return f'<td role="cell" class="number" data-value="{value:.6g}">{value:{form}}</td>'


def _thumbnail(folder: Path, row: dict) -> str:
    """The overlay, small, as part of the page; nothing where there is none."""
    try:
        content = np.frombuffer((folder / row['files']['overlay']).read_bytes(), np.uint8)
    except (KeyError, OSError):
        return ''
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    if picture is None:
        return ''
    height, width = fit_size(picture.shape, THUMBNAIL)
    _, jpeg = cv2.imencode('.jpg', resize(picture, (height, width)), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    data = base64.b64encode(jpeg).decode()
    description = f'{os.path.basename(row["path"])}, fake pixels tinted'
    image = (
        f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" loading="lazy"'
        f' alt="{_text(description)}">'
    )
    existing = dict(_existing(folder, row['files']))
    return f'<a href="{quote(existing.get("evidence", row["files"]["overlay"]))}">{image}</a>'


def _details(folder: Path, row: dict) -> str:
    parts = [part for part in (_facts(row), _regions(row), _gates(row), _links(folder, row)) if part]
    return f'<details><summary>details</summary>{"".join(parts)}</details>' if parts else ''


def _facts(row: dict) -> str:
    facts = [f'{row["size"][1]} x {row["size"][0]} pixels'] if row['size'] else []
    facts += [f'suspect {clock(one["start"])} to {clock(one["end"])}' for one in row['stretches'] or []]
    return ''.join(f'<p>{_text(fact)}</p>' for fact in (*facts, row['note']) if fact)


def _regions(row: dict) -> str:
    regions = row['faces'] or []
    if not regions:
        return ''
    lines = ''.join(
        f'<tr><td>{number}</td><td>{region["score"]:.3f}</td><td>{region["area"]}</td>'
        f'<td>{", ".join(map(str, region["box"]))}</td></tr>'
        for number, region in enumerate(regions[:MAX_REGIONS], start=1)
    )
    rest = f'<p>and {len(regions) - MAX_REGIONS} smaller ones</p>' if len(regions) > MAX_REGIONS else ''
    heads = ''.join(f'<th scope="col">{head}</th>' for head in ('region', 'P(fake)', 'pixels', 'x1, y1, x2, y2'))
    return f'<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>{rest}'


def _gates(row: dict) -> str:
    """One bar per level, with the shares in words beside it."""
    gates = row['gates']
    if not gates:
        return ''
    lines = ''.join(
        _gate_row(number, dict(zip(gates, shares))) for number, shares in enumerate(zip(*gates.values()), 1)
    )
    return (
        '<table><thead><tr><th scope="col">level</th><th scope="col" colspan="2">trust in noise extractors</th></tr>'
        f'</thead><tbody>{lines}</tbody></table>'
    )


def _gate_row(level: int, shares: dict[str, float]) -> str:
    colors = expert_colors(shares)
    bars = ''.join(f'<i style="width:{share:.1%};background:{colors[expert]}"></i>' for expert, share in shares.items())
    words = ', '.join(f'{_text(EXPERT_NAMES.get(expert, expert))} {share:.2f}' for expert, share in shares.items())
    return f'<tr><td>{level}</td><td><div class="bar" aria-hidden="true">{bars}</div></td><td>{words}</td></tr>'


def _links(folder: Path, row: dict) -> str:
    links = ' · '.join(f'<a href="{quote(name)}">{_text(kind)}</a>' for kind, name in _existing(folder, row['files']))
    return f'<p>{links}</p>' if links else ''


def _existing(folder: Path, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Kinds and names of the files that are there: evidence, say, may have been moved away."""
    return ((kind, name) for kind, name in files.items() if (folder / name).exists())
