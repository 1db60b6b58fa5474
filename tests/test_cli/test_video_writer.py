import resource
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from monfap_mm.cli import video_writer as module
from monfap_mm.cli.video_writer import VideoWriter
from monfap_mm.media.errors import BadInput
from monfap_mm.media.videos import VideoReader
from monfap_mm.utils.atomic_write import remove_leftovers
from tests.older_file import OlderFile
from tests.scripts import PROCESSES
from tests.test_media.made_videos import numbered_frames
from tests.test_media.video_files import HEIGHT, WIDTH, read_number


def read(path) -> tuple[VideoReader, list]:
    with VideoReader(str(path)) as video:
        return video, list(video)


@pytest.mark.parametrize('name', ['a.mp4', 'caf\udce9.mp4'])
def test_what_is_written_can_be_read(tmp_path, name):
    with VideoWriter(tmp_path / name, 30000 / 1001, (HEIGHT, WIDTH)) as writer:
        for number, frame in enumerate(numbered_frames(20)):
            writer.write(frame, number * 1001 / 30000)
        assert not (tmp_path / name).exists()
        writer.finish()
    video, frames = read(tmp_path / name)
    assert [read_number(frame.image) for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(20) * 1001 / 30000, atol=2e-3)
    assert (video.size, video.rate) == ((HEIGHT, WIDTH), pytest.approx(30000 / 1001, abs=1e-2))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_h264_keeps_the_times_of_a_variable_rate(tmp_path):
    times = [0, 0.04, 0.0400001, 0.5, 2]  # two are one tick
    with VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH)) as writer:
        for frame, time in zip(numbered_frames(5), times):
            writer.write(frame, time)
        writer.finish()
    _, frames = read(tmp_path / 'a.mp4')
    np.testing.assert_allclose([frame.time for frame in frames], times, atol=1e-4)


def test_the_last_frame_is_shown_to_the_end(tmp_path):
    with VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH)) as writer:
        for frame, time in zip(numbered_frames(4), (0, 5, 10, 15)):
            writer.write(frame, time)
        writer.finish(16)
    video, frames = read(tmp_path / 'a.mp4')
    assert [frame.time for frame in frames] == [0, 5, 10, 15]
    assert video.duration == pytest.approx(16, abs=1e-3)


@pytest.mark.parametrize('size', [(63, 99), (1, 1)])
def test_an_odd_row_and_column_are_left_out(tmp_path, size):
    with VideoWriter(tmp_path / 'a.mp4', 25, size) as writer:
        writer.write(np.full((*size, 3), 90, np.uint8), 0)
        writer.finish()
    video, frames = read(tmp_path / 'a.mp4')
    assert video.size == tuple(max(2, side // 2 * 2) for side in size)
    assert abs(frames[0].image.mean() - 90) < 3


def test_a_frame_of_another_size_is_resized(tmp_path):
    with VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH)) as writer:
        for size in ((HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2), (HEIGHT, WIDTH)):
            writer.write(np.full((*size, 3), 90, np.uint8), 0)
        writer.finish()
    video, frames = read(tmp_path / 'a.mp4')
    assert (video.size, len(frames)) == ((HEIGHT, WIDTH), 3)


def test_a_killed_writer_leaves_only_what_the_next_run_removes(tmp_path):
    writer = VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH))
    writer.write(numbered_frames(1)[0], 0)
    assert len(list(tmp_path.iterdir())) == 1
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
    writer.__exit__()


@pytest.mark.parametrize('stopped_by', [KeyboardInterrupt, OSError])
def test_what_is_not_finished_leaves_nothing(tmp_path, stopped_by):
    (tmp_path / 'a.mp4').write_bytes(b'an older one')

    def stop():
        with VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH)) as writer:
            writer.write(numbered_frames(1)[0], 0)
            raise stopped_by

    with pytest.raises(stopped_by):
        stop()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b'an older one']


def test_two_writers_of_one_video_do_not_meet(tmp_path):
    def write(writer, shade):
        for number in range(5):
            writer.write(np.full((HEIGHT, WIDTH, 3), shade, np.uint8), number / 25)
            yield

    older = OlderFile(tmp_path / 'a.mp4')
    size = (HEIGHT, WIDTH)
    with VideoWriter(tmp_path / 'a.mp4', 25, size) as first, VideoWriter(tmp_path / 'a.mp4', 25, size) as second:
        for _ in zip(write(first, 60), write(second, 200)):
            pass
        second.finish()
        first.finish()
    assert older.was_replaced_as_a_whole()
    _, frames = read(tmp_path / 'a.mp4')
    assert [round(frame.image.mean(), -1) for frame in frames] == [60] * 5  # of the one that ended last


def fill_a_disk(path):
    """Write where no file can be larger than 4 KiB; Python ignores the signal, so it fails as on a full disk."""
    rng = np.random.default_rng(0)
    with VideoWriter(path, 25, (HEIGHT, WIDTH)) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        for number in range(50):
            writer.write(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8), number / 25)
        writer.finish()


def test_a_full_disk_is_told(tmp_path):
    # In a process of its own: the limit would hold for the file that the tests' output may go to.
    with ProcessPoolExecutor(1, PROCESSES) as process:
        outcome = process.submit(fill_a_disk, tmp_path / 'a.mp4')
    with pytest.raises(OSError, match='too large'):
        outcome.result()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        VideoWriter(tmp_path / 'gone' / 'a.mp4', 25, (HEIGHT, WIDTH))


def test_a_size_that_the_codec_does_not_take(tmp_path):
    with pytest.raises(BadInput, match='40000 x 16 pixels at 25 per second cannot be encoded'):
        VideoWriter(tmp_path / 'a.mp4', 25, (16, 40000))
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'av', None)
    with pytest.raises(BadInput, match=r'a\.mp4: videos need PyAV, the extra "video"'):
        VideoWriter(tmp_path / 'a.mp4', 25, (HEIGHT, WIDTH))
