import csv

import cv2
import pytest

from monfap_mm.cli.video_files import FOLDER, predict_video_into, write_video_files
from monfap_mm.media.videos import VideoReader
from monfap_mm.structures import VideoResult
from tests.test_media.made_videos import NumberOracle, write_with_opencv


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'out' / FOLDER).mkdir(parents=True)
    return tmp_path / 'out'


@pytest.fixture
def source(tmp_path) -> str:
    return str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 30))


def test_video_table_and_plot(folder, source):
    told = []
    result = predict_video_into(folder, NumberOracle(), source, told.append, every=2)
    assert told[:2] == ['a.mp4 at 0:00.00', 'a.mp4 at 0:00.08']
    files = write_video_files(folder, result, threshold=0.5)
    with open(folder / files['scores'], newline='') as file:
        rows = list(csv.DictReader(file))
    assert [tuple(map(float, list(row.values())[:5])) for row in rows] == [tuple(frame) for frame in result.frames]
    assert [row['suspect'] for row in rows] == ['0'] * 5 + ['1'] * 5 + ['0'] * 5
    assert cv2.imread(str(folder / files['timeline'])).shape == (480, 1500, 3)
    with VideoReader(str(folder / files['video'])) as video:
        assert len(list(video)) == 30
    assert sorted(path.name for path in (folder / FOLDER).iterdir()) == sorted(
        path.removeprefix(f'{FOLDER}/') for path in files.values()
    )


def test_no_answer_no_files(folder, source):
    result = predict_video_into(folder, NumberOracle(failing=range(30)), source)
    assert result.error
    assert write_video_files(folder, result, 0.5) == {}
    assert list((folder / FOLDER).iterdir()) == []


def test_a_name_that_a_plot_cannot_show(folder, source):
    result = predict_video_into(folder, NumberOracle(), source)
    odd = VideoResult(**{**vars(result), 'path': 'a\udce9 $x 日\n.mp4'})
    assert (folder / write_video_files(folder, odd, 0.5)['timeline']).exists()
