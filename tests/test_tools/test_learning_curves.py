import csv
import json

import cv2

from ..older_file import OlderFile
from .conftest import tool


def write_log(work_dir, time, *entries):
    (work_dir / time / 'vis_data').mkdir(parents=True)
    lines = ''.join(json.dumps(entry) + '\n' for entry in entries)
    (work_dir / time / 'vis_data' / 'scalars.json').write_text(lines)


def test_csv_and_picture(tmp_path):
    loss, first = {'loss': 2.0, 'step': 50}, {'forgery/AUC': 60.0, 'forgery/F1-f': 10.0, 'time': 1.0, 'step': 1}
    write_log(tmp_path / 'a', '20261123_1', loss, first, {'forgery/AUC': 1.0, 'step': 2})
    resumed = {'forgery/AUC': float('nan'), 'forgery/F1-f': 12.5, 'step': 2}
    write_log(tmp_path / 'a', '20261123_2', {'loss': 1.0, 'step': 100}, resumed)
    write_log(tmp_path / 'b', '20261123_3', loss, {**first, 'forgery/AUC': 70.0})
    older = [OlderFile(tmp_path / 'new' / name) for name in ('c.png', 'c.csv')]
    tool(
        'analysis_tools/learning_curves.py',
        'a',
        'b',
        '--names',
        'one',
        'two',
        '--figures',
        'AUC',
        'F1-f',
        '--out',
        'new/c',
        cwd=tmp_path,
    )
    lines = list(csv.reader((tmp_path / 'new' / 'c.csv').open()))
    assert lines[1:] == [
        ['one', '1', 'forgery/AUC', '60.0000'],
        ['one', '1', 'forgery/F1-f', '10.0000'],
        ['one', '2', 'forgery/AUC', 'nan'],
        ['one', '2', 'forgery/F1-f', '12.5000'],
        ['two', '1', 'forgery/AUC', '70.0000'],
        ['two', '1', 'forgery/F1-f', '10.0000'],
    ]
    assert cv2.imread(str(tmp_path / 'new' / 'c.png')).std() > 10
    assert all(file.was_replaced_as_a_whole() for file in older)


def test_bad_input(tmp_path):
    done = tool('analysis_tools/learning_curves.py', 'nowhere', cwd=tmp_path, check=False)
    assert done.stderr.strip().startswith('learning_curves: nowhere has no logs of a training')
    write_log(tmp_path / 'cut', '20261123_1', {'forgery/AUC': 60.0, 'step': 1})
    with next(tmp_path.glob('cut/*/vis_data/scalars.json')).open('a') as file:
        file.write('{"forgery/AUC": 6')
    done = tool('analysis_tools/learning_curves.py', 'cut', '--figures', 'AUX', cwd=tmp_path, check=False)
    assert done.stderr.strip() == 'learning_curves: no training has forgery/AUX; there are forgery/AUC'
    done = tool('analysis_tools/learning_curves.py', 'x/a', 'y/a', cwd=tmp_path, check=False)
    assert "2 trainings need as many different names, got ['a', 'a']" in done.stderr
