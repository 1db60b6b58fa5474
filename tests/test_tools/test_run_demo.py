import cv2
import numpy as np
import pytest

from tools.run_demo import draw_overview, run, shorten


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
    draw_overview(tmp_path, tmp_path / 'overview.png')
    overview = cv2.imread(str(tmp_path / 'overview.png'))
    assert overview[:, 0, 0].tolist() == [10, 10, 30, 30, 50, 50, 70, 70]


def test_a_failing_step_stops_the_demo_and_shows_why(tmp_path, capsys):
    with pytest.raises(SystemExit, match='there is no config file missing.py'):
        run('model', 'train.py', 'missing.py')
    assert '$ python' in capsys.readouterr().out
