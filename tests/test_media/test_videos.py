import math
import os

import numpy as np
import pytest

from monfap_mm.media.errors import BadInput
from monfap_mm.media.videos import VideoReader, choose_frames
from tests.test_media.mask_video_files import HEIGHT, WIDTH, read_number, truncate

from .made_videos import cut, turn_right, write_at_times, write_with_opencv

VARIABLE = (0, 0.04, 0.08, 0.2, 0.21, 0.5, 0.9, 1.0, 1.5, 1.52)


def read(path, **choice) -> tuple[list[int], list[float], str | None]:
    """Numbers and times of the chosen frames, and the note."""
    with VideoReader(str(path)) as video:
        frames = list(choose_frames(video, **choice))
        assert [read_number(frame.image) for frame in frames] == [frame.index for frame in frames]
        return [frame.index for frame in frames], [frame.time for frame in frames], video.note


@pytest.mark.parametrize(
    ('name', 'fourcc'),
    [('a.mp4', 'mp4v'), ('a.mov', 'mp4v'), ('a.avi', 'MJPG'), ('b.avi', 'XVID'), ('a.mkv', 'mp4v'), ('a.webm', 'VP80')],
)
def test_every_frame_at_its_time(tmp_path, name, fourcc):
    indices, times, note = read(write_with_opencv(tmp_path / name, fourcc, 20))
    assert indices == list(range(20))
    np.testing.assert_allclose(times, np.arange(20) / 25, atol=1e-3)
    assert note is None


def test_what_the_reader_knows(tmp_path):
    with VideoReader(str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 20, rate=30000 / 1001))) as video:
        assert (video.size, video.seen) == (None, 0)
        list(video)
        assert video.rate == pytest.approx(29.97, abs=1e-3)
        assert video.duration == pytest.approx(20 * 1001 / 30000, abs=1e-3)
        assert (video.size, video.seen) == ((HEIGHT, WIDTH), 20)


@pytest.mark.parametrize(
    ('name', 'codec'), [('a.mp4', 'libx264'), ('a.mkv', 'libx264'), ('a.webm', 'libvpx'), ('b.webm', 'libvpx-vp9')]
)
def test_a_variable_rate(tmp_path, name, codec):
    indices, times, note = read(write_at_times(tmp_path / name, VARIABLE, codec))
    assert indices == list(range(10))
    np.testing.assert_allclose(times, VARIABLE, atol=1e-3)
    assert note is None


def test_times_that_do_not_grow_follow_the_rate(tmp_path, monkeypatch):
    with VideoReader(str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 5))) as video:
        capture, broken = video._capture, iter([7000, 7040, 7040, math.nan, 0])

        class Broken:
            def __getattr__(self, name):
                return getattr(capture, name)

            def get(self, key):
                return next(broken)

        monkeypatch.setattr(video, '_capture', Broken())
        assert [frame.time for frame in video] == [0, 0.04, 0.08, 0.12, 0.16]
        monkeypatch.undo()


@pytest.mark.parametrize(('name', 'codec'), [('a.mkv', 'mpeg4'), ('a.avi', 'mpeg4')])
def test_milliseconds_are_no_rate(tmp_path, name, codec):
    path = write_at_times(tmp_path / name, [number / 25 for number in range(20)], codec)
    with VideoReader(str(path)) as video:
        assert len(list(video)) == 20
        assert video.rate == 25
        assert video.note is None


def test_frames_are_turned_as_a_player_shows_them(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 3)
    with VideoReader(str(path)) as video:
        stored = [frame.image for frame in video]
    turn_right(path)
    with VideoReader(str(path)) as video:
        shown = [frame.image for frame in video]
        assert video.size == (WIDTH, HEIGHT)
    for one, other in zip(shown, stored, strict=True):
        assert (one == np.rot90(other, -1)).all()


def test_every(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 20)
    assert read(path, every=7)[0] == [0, 7, 14]
    assert read(path, every=100)[0] == [0]


def nearest(times, end, fps) -> list[int]:
    """By its definition: of the points of the grid before the end, each one's nearest frame, the later one of two."""
    points = np.arange(0, end * fps - 1e-9) / fps
    return sorted({max(range(len(times)), key=lambda i: (-round(abs(times[i] - point), 9), i)) for point in points})


@pytest.mark.parametrize('fps', [0.7, 2, 5, 10, 12.5, 24, 25, 60])
def test_frames_nearest_to_a_grid(tmp_path, fps):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 50)
    assert read(path, fps=fps)[0] == nearest(np.arange(50) / 25, 49.5 / 25, fps)
    path = write_at_times(tmp_path / 'b.mp4', VARIABLE)
    with VideoReader(str(path)) as video:
        half = 0.5 / video.rate
    assert read(path, fps=fps)[0] == nearest(VARIABLE, VARIABLE[-1] + half, fps)


def test_a_grid_by_hand(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 25)
    assert read(path, fps=5)[0] == [0, 5, 10, 15, 20]
    assert read(path, fps=10)[0] == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23]
    assert read(write_at_times(tmp_path / 'b.mp4', VARIABLE), fps=2)[0] == [0, 5, 7, 8]


@pytest.mark.parametrize(('name', 'fourcc', 'share'), [('a.avi', 'MJPG', 0.5), ('a.mkv', 'mp4v', 0.5)])
def test_a_cut_file_gives_what_it_had(tmp_path, name, fourcc, share):
    indices, _, note = read(cut(write_with_opencv(tmp_path / name, fourcc, 100), share))
    assert 30 < len(indices) < 70
    assert indices == list(range(len(indices)))
    assert note == f'{len(indices)} of 100 frames could be read: the file is cut off, damaged or trimmed'


def test_a_file_with_a_hole_gives_what_is_before(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 100)
    truncate(path)
    with VideoReader(str(path)) as video:
        frames = list(video)
        assert 30 < len(frames) < 100
        assert f'{len(frames)} of 100 frames could be read' in video.note


def test_a_cut_mp4_has_lost_its_index(tmp_path):
    with pytest.raises(BadInput, match=r'a.mp4 is no video that can be decoded, or it is cut off'):
        VideoReader(str(cut(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 20))))


def test_what_cannot_be_read(tmp_path, capfd):
    texts = dict(
        empty=b'', text=b'not a video', playlist=b'#EXTM3U\nother.mp4', garbage=b'\0\0\0\x18ftypisom' + b'x' * 99
    )
    reasons = dict(
        empty='is empty', text='no video', playlist='no video', garbage='no video', gone='No such', fifo='reg'
    )
    os.mkfifo(tmp_path / 'fifo.mp4')
    for name, content in texts.items():
        (tmp_path / f'{name}.mp4').write_bytes(content)
    for name, reason in reasons.items():
        with pytest.raises(BadInput, match=reason):
            VideoReader(str(tmp_path / f'{name}.mp4'))
    assert 'VIDEOIO' not in capfd.readouterr().err  # OpenCV is silent about what we report


def test_large_frames_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r'160 x 64 pixels, more than 0.005 million \(--max-pixels\)'):
        VideoReader(str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 2)), max_pixels=5000)


def test_odd_names(tmp_path):
    """One that is not Unicode, on which OpenCV crashes, and one that looks like an address."""
    content = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 3).read_bytes()
    for name in (os.fsdecode(b'caf\xe9.mp4'), 'concat:a.mp4', 'a%02d.mp4'):
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name)[0] == [0, 1, 2]
