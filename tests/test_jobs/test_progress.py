import re

import pytest

from monfap_mm.jobs import progress as module
from monfap_mm.jobs.progress import ProgressReport


def walk(done=2, total=5):
    with ProgressReport(done, total, 'videos') as progress:
        for number in range(done, total):
            progress.step(bad=number == 3)
    return progress


def test_a_log_gets_a_line_now_and_then(monkeypatch, capfd):
    assert walk().rate > 0
    assert capfd.readouterr().err == ''
    monkeypatch.setattr(module, '_LOG_SECONDS', 0)
    walk()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith('3 of 5 videos, ')
    assert lines[2].startswith('5 of 5 videos, ')
    assert ' per second, 1 bad, about 0 min left' in lines[2]


def test_a_terminal_gets_a_bar(monkeypatch, capfd):
    monkeypatch.setenv('FORCE_COLOR', '1')
    walk()
    assert '5/5' in capfd.readouterr().err


@pytest.mark.parametrize('total', [0, 2])
def test_nothing_to_do(total):
    assert walk(total, total).rate == 0


def test_an_item_that_takes_long_tells_how_far_it_is(monkeypatch, capfd):
    monkeypatch.setattr(module, '_LOG_SECONDS', 0)
    with ProgressReport(0, 2, 'files') as progress:
        progress.within('a.mp4 at 0:10')
        progress.step(bad=False)
    first, second = capfd.readouterr().err.splitlines()
    assert first.endswith('0 bad, a.mp4 at 0:10')
    assert 'a.mp4' not in second


def test_the_bar_tells_rate_and_bad_items_while_it_runs(monkeypatch, capfd):
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '200')
    monkeypatch.setattr(module, '_BAR_SECONDS', 0)
    with ProgressReport(2, 5, 'videos') as progress:
        capfd.readouterr()
        progress.step(bad=True)
        shown = capfd.readouterr().err
        assert '3/5' in shown
        assert re.search(r'videos, \d+\.\d per second, 1 bad', shown)
        progress.within('a.mp4 at 0:10')
        assert '1 bad, a.mp4 at 0:10' in capfd.readouterr().err
        monkeypatch.setattr(module, '_BAR_SECONDS', 1000)
        progress.step(bad=True)
        assert capfd.readouterr().err == ''
    assert re.search(r'4/5.* per second, 2 bad', capfd.readouterr().err)
