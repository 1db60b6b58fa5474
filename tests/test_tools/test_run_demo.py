import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.cli import main
from monfap_mm.scenes import DemoSet
from tests.older_file import OlderFile
from tools import run_demo
from tools.run_demo import answer_pictures, draw_overview, plan, run, run_on_screen, shorten, summary


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (
            '11/23 - mmengine - INFO - Epoch(train)  [1][ 50/250]  lr: 3.9e-03  eta: 0:07:53  time: 0.3  loss: 10.5850',
            '  epoch [1][ 50/250]  loss 10.5850  0:07:53 left',
        ),
        (
            'Epoch(val) [2][7/7]    forgery/ACC: 50.0000  forgery/AUC: nan  forgery/F1-f: 4.4  forgery/IoU-f: 2.2',
            '  validation  ACC 50.0000  AUC nan  F1-f 4.4  IoU-f 2.2',
        ),
        ('The best checkpoint with 15.1339 forgery/IoU-f at 9 epoch is saved', None),
    ],
)
def test_progress_in_a_line(line, expected):
    assert shorten(line) == expected


def test_overview_is_spread_over_the_pictures(tmp_path):
    for i in range(8):
        cv2.imwrite(str(tmp_path / f'{i}.png'), np.full((2, 3, 3), 10 * i, np.uint8))
    (tmp_path / 'out').mkdir()
    older = OlderFile(tmp_path / 'out/overview.png')
    draw_overview(tmp_path, tmp_path / 'out/overview.png')
    assert older.was_replaced_as_a_whole()
    overview = cv2.imread(str(tmp_path / 'out/overview.png'))
    assert overview[:, 0, 0].tolist() == [10, 10, 30, 30, 50, 50, 70, 70]


def test_a_failing_step_stops_the_demo_and_shows_why(tmp_path, capsys):
    with pytest.raises(SystemExit, match='there is no config file missing.py'):
        run('model', 'train.py', 'missing.py')
    assert '$ python' in capsys.readouterr().out


def test_a_failing_step_with_its_own_output_stops_the_demo_too(capfd):
    with pytest.raises(SystemExit, match='ended with code 3'):
        run_on_screen('-c', 'print(7); raise SystemExit(3)')
    assert '7' in capfd.readouterr().out


def test_the_test_pictures_are_answered(monkeypatch, tmp_path):
    asked, called = [], []
    monkeypatch.setattr(run_demo, 'run_on_screen', lambda *arguments: called.append(list(map(str, arguments))))
    answer_pictures(tmp_path / 'data', tmp_path / 'demo')
    (command,) = called
    assert command[:3] == ['-m', 'monfap_mm', 'predict']
    monkeypatch.setattr('monfap_mm.cli.model_arguments.ForgeryInferencer', lambda *values, **_: asked.append(values))
    monkeypatch.setattr('monfap_mm.cli.predict._to_folder', lambda args, _: asked.append(args) or 0)
    assert main(command[2:]) == 0  # the command line takes the arguments
    (model, weights, *_), args = asked
    assert os.path.exists(model)
    assert weights == str(tmp_path / 'demo/best.pth')
    assert (args.paths, args.out) == ([str(tmp_path / 'data/images/test_*.jpg')], str(tmp_path / 'demo/answers'))
    assert args.evidence == 'suspect'


def test_the_closing_words_name_what_there_is():
    figures = dict.fromkeys(run_demo.PAPER_FIGURES, 12.345)
    words = summary(dict(figures, fcn_baseline=figures, seconds=90), Path('work_dirs/demo'))
    for name in ('metrics.json', 'best.pth', 'overview.png', 'answers/report.html', 'answers/evidence/'):
        assert f'work_dirs/demo/{name}' in words


@pytest.mark.parametrize(('quick', 'pictures', 'tested'), [(False, 2400, 300), (True, 80, 16)])
def test_the_opening_words_tell_the_steps(quick, pictures, tested):
    first, *steps, last = plan(Path('data/demo'), Path('work_dirs/demo'), quick).splitlines()
    assert [step.split(' min  to ')[1].split()[0] for step in steps] == ['make', 'train', 'test', 'answer']
    assert f'make {pictures} pictures' in steps[0]
    assert f'on the {tested} pictures' in steps[2]
    assert 'data/demo and work_dirs/demo' in last


def test_the_opening_words_count_what_is_made(monkeypatch):
    """As ``make_demo_data`` is called, and its defaults."""
    called = []
    monkeypatch.setattr(run_demo, 'run_on_screen', lambda *arguments: called.append(arguments))
    run_demo.make_data(Path('x'), quick=True)
    sizes = {name: int(size) for name, size in zip(called[0][2::2], called[0][3::2])}
    default = DemoSet()
    assert f'make {sum(sizes.values())} pictures' in plan(Path('x'), Path('y'), quick=True)
    assert f'on the {sizes["--test"]} pictures' in plan(Path('x'), Path('y'), quick=True)
    assert f'make {default.train + default.val + default.test} pictures' in plan(Path('x'), Path('y'), quick=False)
    assert f'on the {default.test} pictures' in plan(Path('x'), Path('y'), quick=False)
