import os
from fractions import Fraction

import av
import numpy as np
import pytest

from monfap_mm.media import videos as module
from monfap_mm.media.errors import BadInput
from monfap_mm.media.videos import VideoReader, choose_frames
from tests.test_media.video_files import HEIGHT, WIDTH, numbered_frame, read_number, truncate, write_video

from .made_videos import cut, set_display_matrix, write_at_times, write_with_opencv

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
        broken = iter([7, 7.04, 7.04, None, 0])
        monkeypatch.setattr(video, '_shown_at', lambda frame: next(broken))
        assert [frame.time for frame in video] == [0, 0.04, 0.08, 0.12, 0.16]


@pytest.mark.parametrize(('name', 'codec'), [('a.mkv', 'mpeg4'), ('a.avi', 'mpeg4')])
def test_milliseconds_are_no_rate(tmp_path, name, codec):
    path = write_at_times(tmp_path / name, [number / 25 for number in range(20)], codec)
    with VideoReader(str(path)) as video:
        assert len(list(video)) == 20
        assert video.rate == 25
        assert video.note is None


@pytest.mark.parametrize(
    ('across', 'down', 'shown_by'),
    [
        ((1, 0), (0, 1), lambda image: image),
        ((-1, 0), (0, 1), np.fliplr),
        ((-1, 0), (0, -1), lambda image: np.rot90(image, 2)),
        ((1, 0), (0, -1), np.flipud),
        ((0, 1), (1, 0), lambda image: image.swapaxes(0, 1)),
        ((0, 1), (-1, 0), lambda image: np.rot90(image, -1)),  # as phones do
        ((0, -1), (-1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
        ((0, -1), (1, 0), np.rot90),
        ((0.1, 0.9), (-0.9, 0.1), lambda image: np.rot90(image, -1)),
        ((0, 0), (0, 0), lambda image: image),
        ((1, 0), (0, 0), lambda image: image),
    ],
)
def test_frames_are_turned_and_mirrored_as_a_player_shows_them(tmp_path, across, down, shown_by):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 3)
    with VideoReader(str(path)) as video:
        stored = [frame.image for frame in video]
    set_display_matrix(path, across, down)
    with VideoReader(str(path)) as video:
        shown = [frame.image for frame in video]
        assert video.size == shown[0].shape[:2]
    for one, other in zip(shown, stored, strict=True):
        np.testing.assert_array_equal(one, shown_by(other))


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
        list(video)
        end = (VARIABLE[-1] + video.duration) / 2
    assert read(path, fps=fps)[0] == nearest(VARIABLE, end, fps)


def test_a_grid_by_hand(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 25)
    assert read(path, fps=5)[0] == [0, 5, 10, 15, 20]
    assert read(path, fps=10)[0] == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23]
    assert read(write_at_times(tmp_path / 'b.mp4', VARIABLE), fps=2)[0] == [0, 5, 7, 8]


def note_of_half(name: str, seen: int) -> str:
    """The note of 4 s at 25 frames per second that were cut: AVI says how many frames there were, Matroska how long."""
    part = f'{seen} of 100 frames' if name.endswith('.avi') else f'{seen} frames, {seen / 25:.1f} of 4.0 s,'
    return f'{part} could be read: the file is cut off, damaged or trimmed'


@pytest.mark.parametrize(('name', 'fourcc', 'share'), [('a.avi', 'MJPG', 0.5), ('a.mkv', 'mp4v', 0.5)])
def test_a_cut_file_gives_what_it_had(tmp_path, name, fourcc, share):
    indices, _, note = read(cut(write_with_opencv(tmp_path / name, fourcc, 100), share))
    assert 30 < len(indices) < 70
    assert indices == list(range(len(indices)))
    assert note == note_of_half(name, len(indices))


@pytest.mark.parametrize(('name', 'fourcc'), [('a.avi', 'MJPG'), ('a.mkv', 'mp4v')])
def test_the_note_can_be_read_after_the_file_is_closed(tmp_path, name, fourcc):
    with VideoReader(cut(write_with_opencv(tmp_path / name, fourcc, 100))) as video:
        seen = len(list(video))
    assert video.note == note_of_half(name, seen)


def test_a_file_with_a_hole_gives_what_is_before(tmp_path):
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 100)
    truncate(path)
    with VideoReader(str(path)) as video:
        frames = list(video)
        assert 30 < len(frames) < 100
        assert f'{len(frames)} of 100 frames could be read' in video.note


def garble(path, number: int) -> None:
    """Overwrite the second half of a packet; the file and its index stand."""
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][number]
        start, end = packet.pos + packet.size // 2, packet.pos + packet.size
    content = bytearray(path.read_bytes())
    content[start:end] = np.random.default_rng(0).bytes(end - start)
    path.write_bytes(content)


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv'])
def test_frames_that_the_decoder_made_up_are_told(tmp_path, name):
    path = write_at_times(tmp_path / name, np.arange(12) / 25)
    assert read(path)[2] is None
    garble(path, 1)
    with VideoReader(path) as video:
        numbers = [read_number(frame.image) for frame in video]
        assert video.note == 'damaged frames whose missing parts the decoder made up: at least 1 of 12'
    assert len(numbers) == 12
    assert numbers != list(range(12))  # What the decoder makes up is no picture of the video.
    with VideoReader(path) as video, pytest.raises(BadInput, match='cut off or damaged: 11 frames can be decoded'):
        _ = video.length
    with VideoReader(path) as video, pytest.raises(BadInput, match='cut off or damaged at frame 5'):
        list(video.frames([5]))


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
    assert capfd.readouterr().err == ''  # FFmpeg is silent about what is reported


def test_large_frames_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r'160 x 64 pixels, more than 0.005 million \(--max-pixels\)'):
        VideoReader(str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 2)), max_pixels=5000)


def test_odd_names(tmp_path):
    """One that is not Unicode, on which OpenCV crashes, and one that looks like an address."""
    content = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 3).read_bytes()
    for name in (os.fsdecode(b'caf\xe9.mp4'), 'concat:a.mp4', 'a%02d.mp4'):
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name)[0] == [0, 1, 2]


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / 'video.mp4', (numbered_frame(number, 2) for number in range(30)))


def test_frames_are_the_ones_asked_for(video):
    with VideoReader(video) as opened:
        assert opened.length == 30
        assert [read_number(frame) for frame in opened.frames([0, 3, 4, 29])] == [0, 3, 4, 29]


def test_hostile_names_are_file_names(tmp_path):
    """FFmpeg takes %03d for a sequence of pictures, and some protocols for addresses, where it is let."""
    for name in ('a%03d.mp4', 'with space é\n.mp4', 'concat:b.mp4'):
        path = write_video(tmp_path / 'plain.mp4', (numbered_frame(n, 1) for n in range(3))).rename(tmp_path / name)
        with VideoReader(path) as opened:
            assert len(list(opened.frames([0, 2]))) == 2


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'is empty'),
        (b'#EXTM3U\n#EXTINF:1,\n/etc/passwd\n', 'no video file'),
        (b'\0\0\0\x20ftypisom' + b'\0' * 100, 'cannot be decoded|can be decoded'),
    ],
)
def test_what_is_no_video(tmp_path, content, reason):
    path = tmp_path / 'odd.mp4'
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        VideoReader(path)


def test_cut_off_files(video):
    """Without its index, which stands at the end, a file does not open; with it, frames are missing."""
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match='cut off'):
        VideoReader(video)
    video.write_bytes(content)
    truncate(video)
    with VideoReader(video) as opened, pytest.raises(BadInput, match='cut off or damaged at frame 29'):
        list(opened.frames([0, 29]))


def test_too_large_frames_are_refused(video):
    with pytest.raises(BadInput, match='160 x 64 pixels, more than'):
        VideoReader(video, max_pixels=HEIGHT * WIDTH - 1)


def remux(source, target, **options):
    """Copy the packets of a video into another container."""
    with av.open(str(source)) as reader, av.open(str(target), 'w', **options) as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for packet in reader.demux(reader.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                writer.mux(packet)
    return target


@pytest.mark.parametrize('name', ['a.mp4', 'a.mov', 'a.ts'])
def test_the_last_frame_lasts_as_long_as_the_container_says(tmp_path, name):
    path = write_at_times(tmp_path / 'a.mp4', (0, 5, 10, 15), last=1)
    path = path if name == 'a.mp4' else remux(path, tmp_path / name)
    with VideoReader(path) as video:
        assert [round(frame.time, 2) for frame in video] == [0, 5, 10, 15]
        if name != 'a.ts':  # which does not say
            assert video.duration == pytest.approx(16, abs=0.01)
        assert video.note is None


@pytest.mark.parametrize(
    ('name', 'codec'),
    [
        ('a.m4v', 'libx264'),
        ('a.3gp', 'mpeg4'),
        ('a.mpg', 'mpeg2video'),
        ('a.ts', 'libx264'),
        ('a.mts', 'libx264'),
        ('a.wmv', 'wmv2'),
        ('a.asf', 'msmpeg4'),
    ],
)
def test_other_containers(tmp_path, name, codec):
    options = dict(format='mpegts', options={'mpegts_m2ts_mode': '1'}) if name == 'a.mts' else {}
    path = write_at_times(tmp_path / name, np.arange(20) / 25, codec, **options)
    indices, times, note = read(path)
    assert indices == list(range(20))
    np.testing.assert_allclose(times, np.arange(20) / 25, atol=2e-3)
    assert note is None


def test_a_start_that_is_not_0_is_no_part_of_the_video(tmp_path):
    for name in ('a.mp4', 'a.mkv', 'a.ts'):
        path = write_at_times(tmp_path / name, 60 + np.arange(50) / 25)
        indices, times, note = read(path)
        assert indices == list(range(50))
        np.testing.assert_allclose(times, np.arange(50) / 25, atol=2e-3)
        assert note is None
        with VideoReader(path) as video:
            list(video)
            assert video.duration == pytest.approx(2, abs=0.05)


def test_pixels_that_are_not_square_are_shown_so(tmp_path):
    path = write_at_times(tmp_path / 'a.mp4', (0, 1), aspect=Fraction(4, 3))
    with VideoReader(path) as video:
        frames = list(video)
        assert video.size == frames[0].image.shape[:2] == (HEIGHT, round(WIDTH * 4 / 3))
        assert video.aspect == Fraction(4, 3)
    with VideoReader(path, aspect=Fraction(1)) as video:
        assert [read_number(frame.image) for frame in video] == [0, 1]
    with pytest.raises(BadInput, match='213 x 64 pixels, more than'):
        VideoReader(path, max_pixels=WIDTH * HEIGHT)


def test_thousands_of_other_packets_are_no_damage(tmp_path):
    """The sound of two minutes between three frames."""
    path = tmp_path / 'a.mp4'
    with av.open(str(path), 'w') as container:
        video, sound = container.add_stream('mpeg4', rate=1), container.add_stream('aac', rate=8000)
        video.width, video.height, video.pix_fmt, video.codec_context.time_base = (
            WIDTH,
            HEIGHT,
            'yuv420p',
            Fraction(1, 25),
        )
        sound.layout = 'mono'
        for number, start in enumerate((0, 1500, 3000)):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number, faces=1), format='bgr24')
            frame.pts, frame.time_base = start, Fraction(1, 25)
            container.mux(video.encode(frame))
            for block in range(470):
                samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp', layout='mono')
                samples.sample_rate, samples.pts = 8000, (number * 470 + block) * 1024
                container.mux(sound.encode(samples))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    assert read(path)[:2] == ([0, 1, 2], [0, 60, 120])


def test_frames_are_counted(tmp_path):
    """Whatever the header says: here, that there are 40."""
    path = write_with_opencv(tmp_path / 'a.avi', 'MJPG', 20)
    content = bytearray(path.read_bytes())
    for place in (content.index(b'avih') + 24, content.index(b'strh') + 40):
        assert content[place : place + 4] == (20).to_bytes(4, 'little')
        content[place : place + 4] = (40).to_bytes(4, 'little')
    path.write_bytes(content)
    with VideoReader(path) as video:
        assert video.length == 20


def test_nothing_else_is_opened(tmp_path):
    """Not even if a whole playlist stands behind the first bytes of a video."""
    other = write_with_opencv(tmp_path / 'other.mp4', 'mp4v', 3)
    lists = {
        'a.mp4': f"ffconcat version 1.0\nfile '{other}'\n",
        'b.ts': f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n',
    }
    for name, text in lists.items():
        for start in (b'', b'\0\0\0\x18ftypisom\n', b'G' + bytes(187) + b'G\n'):
            (tmp_path / name).write_bytes(start + text.encode())
            with pytest.raises(BadInput):
                VideoReader(tmp_path / name)


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'av', None)
    path = write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 3)
    with pytest.raises(BadInput, match=r'a\.mp4: videos need PyAV, the extra "video"'):
        VideoReader(path)
