"""``monfap predict`` with videos among its paths."""

import csv
import errno
import io
import json
import os
import shutil

import pytest

from monfap_mm.cli import annotated_video, main
from monfap_mm.media.videos import VideoReader
from monfap_mm.structures import VideoResult
from tests.test_media.made_videos import cut, write_with_opencv

from .answered import answers

KINDS = {'a.png': 'picture', 'b.avi': 'video', 'broken.mp4': 'video', 'c.png': 'picture', 'deep/d.mp4': 'video'}


@pytest.fixture
def files(data, tmp_path):
    """Two pictures, a video, one that is cut off, and one that is none."""
    folder = tmp_path / 'files'
    (folder / 'deep').mkdir(parents=True)
    for name in ('a.png', 'c.png'):
        shutil.copy(data / name, folder)
    cut(write_with_opencv(folder / 'b.avi', 'MJPG', 12))
    (folder / 'broken.mp4').write_text('no video')
    write_with_opencv(folder / 'deep' / 'd.mp4', 'mp4v', 9)
    return folder


def test_a_folder_of_both(files, arguments, tmp_path, capsys):
    assert main(['predict', str(files), *arguments, '--every', '4']) == 0
    out, found = tmp_path / 'out', answers(tmp_path / 'out')
    assert {os.path.relpath(path, files): values['kind'] for path, values in found.items()} == KINDS
    assert found[str(files / 'b.avi')]['note'].endswith('frames could be read: the file is cut off, damaged or trimmed')
    assert 'no video' in found[str(files / 'broken.mp4')]['error']
    whole = VideoResult.from_json(found[str(files / 'deep' / 'd.mp4')])
    assert [frame.index for frame in whole.frames] == [0, 4, 8]
    written = found[whole.path]['files']
    assert set(written) == {'video', 'scores', 'timeline'}
    assert all((out / path).is_file() for path in written.values())
    with VideoReader(str(out / written['video'])) as video:
        assert len(list(video)) == whole.frames_seen == 9
    assert len(list((out / 'videos').iterdir())) == 6
    with open(out / 'summary.csv', newline='') as file:
        assert [row['kind'] for row in csv.DictReader(file)] == list(KINDS.values())
    shown = capsys.readouterr().out
    assert '| videos | fake | real | no answer |' in shown
    assert 'broken.mp4 is no video file' in shown


def test_resume_does_what_is_left(files, arguments, tmp_path, capsys):
    (video,) = (files / 'deep').iterdir()
    assert main(['predict', str(video), str(files / 'broken.mp4'), *arguments, '--every', '4']) == 0
    first = answers(tmp_path / 'out')[str(video)]
    written = (tmp_path / 'out' / first['files']['video']).stat().st_mtime_ns
    shutil.copy(video, files / 'broken.mp4')  # mended
    assert main(['predict', str(files), *arguments, '--resume']) == 2
    assert "frames: 'every 4', now None" in capsys.readouterr().err
    assert main(['predict', str(files), *arguments, '--resume', '--every', '4']) == 0
    found = answers(tmp_path / 'out')
    assert len(found) == 5
    assert all(values['error'] is None for values in found.values())
    assert found[str(video)] == first
    assert (tmp_path / 'out' / first['files']['video']).stat().st_mtime_ns == written


def test_pipes(files, config, weights, tmp_path, monkeypatch, capfd):
    names = '\n'.join(str(files / name) for name in ('deep/d.mp4', 'a.png', 'deep/d.mp4', 'gone.mp4'))
    monkeypatch.setattr('sys.stdin', io.TextIOWrapper(io.BytesIO(names.encode())))
    monkeypatch.chdir(tmp_path)
    options = ['--model', config, '--weights', weights, '--device', 'cpu', '--out', '-', '--fps', '10']
    assert main(['predict', '-', *options]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]  # and nothing but answers
    assert [line['kind'] for line in lines] == ['video', 'picture', 'video']
    assert lines[0]['frames']['index'] == [0, 3, 5, 8]
    assert 'files' not in lines[0]
    assert 'No such file' in lines[2]['error']
    assert [path.name for path in tmp_path.iterdir()] == ['files']


@pytest.mark.parametrize(
    ('stopped_by', 'code', 'message'),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 3, 'cannot write the answers: [Errno 28] No space left'),
        (KeyboardInterrupt(), 130, 'predict --resume goes on'),
    ],
    ids=['full disk', 'Ctrl-C'],
)
def test_what_stops_a_job_leaves_what_is_finished(
    stopped_by, code, message, files, arguments, tmp_path, monkeypatch, capsys
):
    draw, drawn = annotated_video.draw_answer, []

    def stop_in_the_second_video(frame, answer):
        if len(drawn) == 9:
            raise stopped_by
        drawn.append(frame.index)
        return draw(frame, answer)

    shutil.copy(files / 'deep' / 'd.mp4', files / 'deep' / 'e.mp4')
    monkeypatch.setattr(annotated_video, 'draw_answer', stop_in_the_second_video)
    assert main(['predict', str(files / 'deep'), *arguments, '--every', '3']) == code
    assert message in capsys.readouterr().err
    (first,) = answers(tmp_path / 'out').values()
    assert first['path'].endswith('d.mp4')
    assert {f'videos/{path.name}' for path in (tmp_path / 'out' / 'videos').iterdir()} == set(first['files'].values())
    monkeypatch.undo()
    assert main(['predict', str(files / 'deep'), *arguments, '--every', '3', '--resume']) == 0
    assert len(answers(tmp_path / 'out')) == 2


@pytest.mark.parametrize('wrong', [['--every', '0'], ['--fps', '0'], ['--fps', 'nan']])
def test_wrong_numbers(files, arguments, tmp_path, capsys, wrong):
    assert main(['predict', str(files), *arguments, *wrong]) == 2
    assert '--every must be at least 1, and --fps above 0' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_every_and_fps_exclude_each_other(files, arguments):
    with pytest.raises(SystemExit) as stop:
        main(['predict', str(files), *arguments, '--every', '2', '--fps', '2'])
    assert stop.value.code == 2


def test_a_folder_from_before_videos_goes_on(files, arguments, tmp_path):
    """Its lines have no kind, and its settings no choice of frames."""
    assert main(['predict', str(files / 'a.png'), *arguments]) == 0
    settings, predictions = (tmp_path / 'out' / name for name in ('run.json', 'predictions.jsonl'))
    old = json.loads(settings.read_text())
    del old['frames']
    settings.write_text(json.dumps(old))
    line = json.loads(predictions.read_text())
    del line['kind']
    predictions.write_text(json.dumps(line) + '\n')
    assert main(['predict', str(files / 'a.png'), str(files / 'c.png'), *arguments, '--resume']) == 0
    assert [values.get('kind') for values in answers(tmp_path / 'out').values()] == [None, 'picture']


def test_the_threshold_holds_for_videos(files, arguments, tmp_path):
    assert main(['predict', str(files / 'deep'), *arguments, '--every', '4', '--threshold', '1']) == 0
    (values,) = answers(tmp_path / 'out').values()
    assert (values['label'], values['stretches']) == ('real', [])
