from contextlib import ExitStack
from fractions import Fraction

import cv2
import numpy as np
import pytest

from monfap_mm.curation.videos_sampling import Sampling, check_same_shape, common_length
from monfap_mm.media.errors import BadInput

from ..test_media.made_videos import write_at_times
from ..test_media.video_files import HEIGHT, WIDTH, GreenSquares, numbered_frame, write_video


def make(tmp_path, faces, name='video.mp4'):
    return write_video(tmp_path / name, (numbered_frame(number, count) for number, count in enumerate(faces)))


def test_frames_with_two_faces_at_regular_intervals(tmp_path):
    """Two faces in frames 20 to 59; the candidates among them are 22, 26, ..., 58, of which every third is taken."""
    path = make(tmp_path, [1] * 20 + [2] * 40 + [0] * 20)
    sampling = Sampling(GreenSquares(), frames=4, candidates=20)
    assert sampling.choose(path) == [(22, 2), (34, 2), (46, 2), (58, 2)]


def test_all_frames_are_taken_where_there_are_few(tmp_path):
    path = make(tmp_path, [3, 1, 2, 0, 3])
    assert Sampling(GreenSquares()).choose(path) == [(0, 3), (2, 2), (4, 3)]
    assert Sampling(GreenSquares()).choose(path, length=3) == [(0, 3), (2, 2)]
    assert Sampling(GreenSquares()).choose(make(tmp_path, [1, 0, 1])) == []


def test_lengths_may_differ_by_two_frames(tmp_path):
    sampling = Sampling(GreenSquares())
    videos = [sampling.open(make(tmp_path, [2] * length, f'{length}.mp4')) for length in (10, 12, 13)]
    assert common_length(*videos[:2]) == 10
    with pytest.raises(BadInput, match='10.mp4: 10, 13.mp4: 13'):
        common_length(videos[0], videos[2])


def test_frames_of_one_scene_have_one_size():
    with pytest.raises(BadInput, match='real 6 x 4, mask 4 x 4'):
        check_same_shape({'real': np.zeros((4, 6, 3)), 'mask': np.zeros((4, 4, 3))})


def test_frames_are_kept_without_loss_or_as_jpeg(tmp_path):
    frame = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8), (48, 32))
    name = Sampling(GreenSquares()).write_frame(tmp_path, 'images/a', frame)
    assert name == 'images/a.png'
    assert np.array_equal(cv2.imread(str(tmp_path / name)), frame)
    name = Sampling(GreenSquares(), jpeg_quality=95).write_frame(tmp_path, 'images/a', frame)
    assert name == 'images/a.jpg'
    assert np.abs(cv2.imread(str(tmp_path / name)).astype(int) - frame).mean() < 3


def test_videos_of_one_scene_have_one_rate(tmp_path):
    frames = [numbered_frame(number, 2) for number in range(10)]
    paths = [write_video(tmp_path / f'{rate}.mp4', frames, rate) for rate in (25, 29.97, 30)]
    with ExitStack() as stack:
        slow, television, fast = (stack.enter_context(Sampling(GreenSquares()).open(path)) for path in paths)
        assert common_length(television, fast) == 10
        with pytest.raises(BadInput, match='frames per second .25.mp4: 25, 30.mp4: 30.'):
            common_length(slow, fast)


def test_masks_have_pixels_as_wide_as_those_of_their_video(tmp_path):
    """Encoders of masks forget that the video's pixels are not square."""
    sampling = Sampling(GreenSquares())
    wide = write_at_times(tmp_path / 'wide.mp4', (0, 1), aspect=Fraction(4, 3))
    masks = write_at_times(tmp_path / 'masks.mp4', (0, 1))
    with sampling.open(wide) as video, sampling.open(masks, like=video) as mask_video:
        (frame,), (mask,) = video.frames([1]), mask_video.frames([1])
        assert frame.shape == mask.shape == (HEIGHT, round(WIDTH * 4 / 3), 3)
