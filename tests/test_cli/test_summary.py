import csv
import io

import numpy as np
import pytest

from monfap_mm.cli.summary import read_csv, summary_rows, to_csv, to_text
from monfap_mm.structures import ForgeryResult, FrameScore, Region, Stretch, VideoResult


def predictions() -> list[dict]:
    mask = np.zeros((10, 10), bool)
    mask[:5, :5] = True
    region = Region((0, 0, 5, 5), 25, 1.0)
    results = [
        ForgeryResult('a.png', (10, 10), 0.75, 'fake', mask, regions=(region,)),
        ForgeryResult('b.png', (10, 10), 0.25, 'real', np.zeros((10, 10), bool), note='first frame'),
        ForgeryResult('c.png', error='c.png is empty'),
        ForgeryResult('d\x1b[2J.png', (10, 10), 0.875, 'fake', ~mask, regions=(region, region)),
    ]
    return [result.to_json() for result in results]


def test_rows_are_those_of_the_answers():
    table = list(csv.DictReader(io.StringIO(to_csv(summary_rows(predictions())).decode())))
    assert [row['fake_share'] for row in table] == ['0.25', '0.0', '', '0.75']
    assert [row['faces'] for row in table] == ['1', '0', '0', '2']
    assert [row['score'] for row in table] == ['0.75', '0.25', '', '0.875']
    assert table[1]['note'] == 'first frame'
    assert table[2]['error'] == 'c.png is empty'


def test_text_counts_and_names_the_most_suspicious_first():
    text = to_text(summary_rows(predictions()))
    assert [cell.strip() for cell in text.splitlines()[3].strip('|').split('|')] == ['4', '2', '1', '1']
    assert text.index('0.875') < text.index('0.750')
    assert '75.0%' in text
    assert text.endswith('no answer for\n  c.png is empty')
    assert '\x1b' not in text  # a file name must not command the terminal


def test_nothing_at_all():
    assert '0' in to_text([])
    assert to_csv([]).decode().strip() == 'path,kind,label,score,faces,fake_share,suspect_seconds,note,error'


def test_names_that_are_not_unicode_keep_their_bytes():
    name = b'caf\xe9.png'
    row = summary_rows([ForgeryResult(name.decode('utf-8', 'surrogateescape'), error='x').to_json()])
    assert name in to_csv(row)
    assert 'x' in to_text(row)


def test_many_errors_are_cut_short():
    errors = [ForgeryResult(f'{i}.png', error=f'{i}.png is empty').to_json() for i in range(8)]
    assert to_text(summary_rows(errors)).endswith('4.png is empty\n  and 3 more')


def videos() -> list[dict]:
    frames = (FrameScore(0, 0.0, 0.75, 1, 0.5),)
    stretches = tuple(Stretch(float(start), start + 0.5, 0.75) for start in (1, 2, 61, 63, 65))
    results = [
        VideoResult('b.mp4', (10, 10), 25, 70, 1750, 0.75, 'fake', frames, stretches),
        VideoResult('c.mp4', (10, 10), 25, 70, 1750, 0.25, 'real', frames),
        VideoResult('gone.mp4', error='gone.mp4: No such file'),
    ]
    return [result.to_json() for result in results]


def test_videos_have_rows_of_their_own():
    rows = summary_rows(predictions()[:1] + videos())
    table = list(csv.DictReader(io.StringIO(to_csv(rows).decode())))
    assert [row['kind'] for row in table] == ['picture', 'video', 'video', 'video']
    assert [row['suspect_seconds'] for row in table] == ['', '2.5', '0', '']
    assert [row['faces'] for row in table] == ['1', '', '', '']


@pytest.mark.parametrize(
    'start', ['=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff0b', '\uff0d', '\uff20', "'", "''="]
)
def test_no_cell_is_a_formula_and_all_are_read_back(start):
    name = f'{start}HYPERLINK("http://x";"y").jpg'
    rows = summary_rows([ForgeryResult(name, error=f'{name} is empty').to_json(), *predictions()])
    content = to_csv(rows)
    cells = next(csv.reader(io.StringIO(content.decode().partition('\n')[2], newline='')))
    assert (cells[0], cells[-1]) == (f"'{name}", f"'{name} is empty")
    read = read_csv(content)
    assert [row['path'] for row in read] == [row['path'] for row in rows]
    assert [row['error'] for row in read] == [row['error'] or '' for row in rows]
    assert [row['score'] for row in read] == ['', '0.75', '0.25', '', '0.875']


def test_harmless_cells_stay_as_they_are():
    content = to_csv(summary_rows([ForgeryResult("it's a=b -c.jpg", error='x').to_json()])).decode()
    assert content.splitlines()[1].startswith("it's a=b -c.jpg,")


def test_errors_name_the_whole_path_once():
    errors = [ForgeryResult('a/x.jpg', error='x.jpg is empty'), ForgeryResult('b/x.jpg', error='b/x.jpg is empty')]
    text = to_text(summary_rows([error.to_json() for error in errors]))
    assert text.endswith('no answer for\n  a/x.jpg: x.jpg is empty\n  b/x.jpg is empty')


def test_videos_are_counted_beside_pictures():
    text = to_text(summary_rows(predictions()[:1] + videos()))
    assert text.index('pictures') < text.index('videos')
    assert '| 0.750   | 0:01.00-0:01.50, 0:02.00-0:02.50, 1:01.00-1:01.50 and 2 more | b.mp4           |' in text
    assert text.endswith('gone.mp4: No such file')
    assert 'pictures' not in to_text(summary_rows(videos()))
