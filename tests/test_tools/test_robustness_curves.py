"""The curves of a tiny model, going on after a stop, and refusing what does not fit."""

import csv
import json
import runpy
import sys

import numpy as np
import pytest
from PIL import Image

from monfap_mm.jobs.folder_lock import only_writer

from .conftest import ROOT, tool

SCRIPT = 'analysis_tools/robustness_curves.py'
QUALITIES = [95, 85, 75, 60, 45, 30, 20, 10]


def curves(config, checkpoint, cwd, *arguments):
    return tool(SCRIPT, config, checkpoint, '--out', 'curves', *arguments, cwd=cwd)


@pytest.fixture(scope='module')
def drawn(config, trained, tmp_path_factory):
    cwd = tmp_path_factory.mktemp('drawn')
    curves(config, trained / 'epoch_1.pth', cwd, '--factors', 'jpeg', '--max-images', 4)
    return cwd


def test_points_table_and_picture(drawn):
    points = json.loads((drawn / 'curves/curves.json').read_text())['points']
    assert [(point['factor'], point['strength']) for point in points] == [
        ('clean', None),
        *(('jpeg', quality) for quality in QUALITIES),
    ]
    with open(drawn / 'curves/curves.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['strength'] for row in rows] == ['', *map(str, QUALITIES)]
    for row, point in zip(rows, points):
        for name in ('forgery/AUC', 'forgery/F1-f'):
            assert row[name] == ('' if point['figures'][name] is None else str(point['figures'][name]))
    with Image.open(drawn / 'curves/curves.png') as picture:
        assert min(picture.size) > 300


def test_the_clean_point_is_the_test_of_the_model(drawn, config, trained, tmp_path):
    """On the same four of the seven images."""
    chosen = sorted(np.random.default_rng(0).choice(7, 4, replace=False).tolist())
    indices = f'test_dataloader.dataset.indices={chosen}'.replace(' ', '')
    options = ['--cfg-options', indices, '--work-dir', 'figures']
    tool('test.py', config, trained / 'epoch_1.pth', *options, cwd=tmp_path)
    (written,) = [path for path in (tmp_path / 'figures').glob('*/*.json') if path.stem == path.parent.name]
    figures = json.loads(written.read_text())
    clean = json.loads((drawn / 'curves/curves.json').read_text())['points'][0]['figures']
    for name in ('forgery/ACC', 'forgery/AUC', 'forgery/F1-f'):
        assert clean[name] == pytest.approx(figures[name])


def test_goes_on_where_it_stopped(drawn, config, trained):
    path = drawn / 'curves/curves.json'
    whole = json.loads(path.read_text())
    cut = json.loads(path.read_text())
    removed = cut['points'].pop()
    cut['points'][1]['figures']['forgery/ACC'] = -1.0
    path.write_text(json.dumps(cut))
    done = curves(config, trained / 'epoch_1.pth', drawn, '--factors', 'jpeg', '--max-images', 4)
    points = json.loads(path.read_text())['points']
    assert points[-1] == removed
    assert points[1]['figures']['forgery/ACC'] == -1.0, 'a finished point was tested again'
    assert '1 of 1: jpeg 10' in done.stdout + done.stderr
    path.write_text(json.dumps(whole))


def test_two_runs_do_not_write_to_one_folder(drawn, config, trained, monkeypatch, capsys):
    arguments = [config, trained / 'epoch_1.pth', '--out', drawn / 'curves', '--max-images', 4]
    monkeypatch.setattr(sys, 'argv', ['robustness_curves.py', *map(str, arguments)])
    with only_writer(drawn / 'curves'), pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools' / SCRIPT), run_name='__main__')
    assert stop.value.code == 2
    assert 'robustness_curves: Another run is at work in' in capsys.readouterr().err


def test_another_selection_needs_another_folder(drawn, config, trained, monkeypatch, capsys):
    before = (drawn / 'curves/curves.json').read_bytes()
    arguments = [config, trained / 'epoch_1.pth', '--out', drawn / 'curves', '--max-images', 3]
    monkeypatch.setattr(sys, 'argv', ['robustness_curves.py', *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools' / SCRIPT), run_name='__main__')
    assert stop.value.code == 2
    assert 'has points of another config or checkpoint: choose another --out' in capsys.readouterr().err
    assert (drawn / 'curves/curves.json').read_bytes() == before
