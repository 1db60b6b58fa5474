import numpy as np
import pytest

from monfap_mm.media.errors import BadInput
from monfap_mm.media.mask_videos import Video, binarize_mask

from .mask_video_files import HEIGHT, WIDTH, mask_frame, numbered_frame, read_number, truncate, write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / 'video.mp4', (numbered_frame(number, 2) for number in range(30)))


def test_frames_are_the_ones_asked_for(video):
    with Video(video) as opened:
        assert opened.length == 30
        assert [read_number(frame) for frame in opened.frames([0, 3, 4, 29])] == [0, 3, 4, 29]


def test_hostile_names_are_file_names(tmp_path):
    """OpenCV takes %03d for a sequence of pictures, and some protocols for addresses, where it is let."""
    for name in ('a%03d.mp4', 'with space é\n.mp4', 'concat:b.mp4'):
        path = write_video(tmp_path / 'plain.mp4', (numbered_frame(n, 1) for n in range(3))).rename(tmp_path / name)
        with Video(path) as opened:
            assert len(list(opened.frames([0, 2]))) == 2


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'no video file'),
        (b'#EXTM3U\n#EXTINF:1,\n/etc/passwd\n', 'no video file'),
        (b'\0\0\0\x20ftypisom' + b'\0' * 100, 'cannot be decoded|can be decoded'),
    ],
)
def test_what_is_no_video(tmp_path, content, reason):
    path = tmp_path / 'odd.mp4'
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        Video(path)


def test_cut_off_files(video):
    """Without its index, which stands at the end, a file does not open; with it, frames are missing."""
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match='cut off'):
        Video(video)
    video.write_bytes(content)
    truncate(video)
    with Video(video) as opened, pytest.raises(BadInput, match='cut off or damaged before frame 29 of 30'):
        list(opened.frames([0, 29]))


def test_too_large_frames_are_refused(video):
    with pytest.raises(BadInput, match='160 x 64 pixels, too many'):
        Video(video, max_pixels=HEIGHT * WIDTH - 1)


def test_masks_are_binarized_and_cleaned():
    frame = mask_frame(30)
    wanted = frame[..., 0] == 255
    noisy = np.clip(frame.astype(int) + np.random.default_rng(0).integers(-60, 60, frame.shape), 0, 255)
    noisy[4, 100:103], noisy[30:32, 40:42] = 255, 0  # a speck outside, a hole inside
    assert np.array_equal(binarize_mask(noisy.astype(np.uint8), (HEIGHT, WIDTH)), wanted)


def test_masks_are_scaled_to_their_frame():
    mask = binarize_mask(mask_frame(30), (2 * HEIGHT, 2 * WIDTH))
    assert mask.shape == (2 * HEIGHT, 2 * WIDTH)
    assert mask[50:94, 62:106].all()
    assert mask.sum() == pytest.approx(4 * 24 * 24, rel=0.1)
