import weakref

import numpy as np
import pytest

from monfap_mm.apis import predict_video
from monfap_mm.apis import video_inference as module
from monfap_mm.media.videos import Frame, VideoReader
from monfap_mm.structures import FrameScore, Stretch
from tests.test_media.video_files import HEIGHT, WIDTH

from ..test_media.made_videos import NumberOracle, cut, write_with_opencv


@pytest.fixture
def video(tmp_path):
    return str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 50))


def test_an_answer_by_hand(video):
    result = predict_video(NumberOracle(), video)
    assert (result.path, result.size, result.fps, result.duration) == (video, (HEIGHT, WIDTH), 25, 2)
    assert (result.frames_seen, len(result.frames)) == (50, 50)
    assert (result.score, result.label) == (pytest.approx(0.9), 'fake')
    assert result.stretches == (Stretch(0.4, 0.8, 0.9),)
    assert result.frames[9] == FrameScore(9, 0.36, 0.1, 0, 0)
    assert result.frames[10] == FrameScore(10, 0.4, 0.9, 1, 800 / (HEIGHT * WIDTH))
    assert (result.note, result.error) == (None, None)


def test_only_the_chosen_frames_are_predicted(video):
    oracle = NumberOracle()
    result = predict_video(oracle, video, every=4)
    assert oracle.asked == [frame.index for frame in result.frames] == list(range(0, 50, 4))
    assert result.frames_seen == 50
    assert result.stretches == (Stretch(0.48, 0.8, 0.9),)  # 12 and 16, until 20
    oracle = NumberOracle()
    predict_video(oracle, video, fps=5)
    assert oracle.asked == list(range(0, 50, 5))


def test_the_watcher_sees_each_frame_in_order(video):
    seen = []
    predict_video(NumberOracle(), video, every=5, watch=lambda *answer: seen.append(answer))
    assert [(index, time) for index, time, _ in seen] == [(index, index / 25) for index in range(0, 50, 5)]
    assert [answer.label for _, _, answer in seen][1:5] == ['real', 'fake', 'fake', 'real']


def test_what_the_watcher_raises_comes_through(video):
    def full_disk(*_):
        raise OSError('No space left on device')

    with pytest.raises(OSError, match='No space'):
        predict_video(NumberOracle(), video, watch=full_disk)


def test_frames_without_an_answer_are_told(video):
    result = predict_video(NumberOracle(failing=(10, 11)), video)
    assert len(result.frames) == 48
    assert result.note == '2 frames have no answer, the first is frame 10: the model failed'
    nothing = predict_video(NumberOracle(failing=range(50)), video)
    assert (nothing.score, nothing.frames) == (None, ())
    assert nothing.error == f'{video}: frame 0: the model failed'


def test_a_cut_video_is_answered_with_a_note(tmp_path):
    path = cut(write_with_opencv(tmp_path / 'a.avi', 'MJPG', 50))
    result = predict_video(NumberOracle(), str(path))
    assert result.label == 'fake'
    assert result.note.startswith(f'{result.frames_seen} of 50 frames could be read')
    assert 20 <= result.frames_seen == len(result.frames) < 30


def test_a_video_without_frames(tmp_path):
    path = write_with_opencv(tmp_path / 'a.avi', 'MJPG', 50)
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b'movi') + 4])
    result = predict_video(NumberOracle(), str(path))
    assert result.error.startswith(f'{path}: no frame can be decoded: it is damaged, or FFmpeg lacks its codec (mjpeg)')
    assert result.score is None


@pytest.mark.parametrize('name', ['gone.mp4', 'text.mp4'])
def test_what_is_no_video_is_an_error(tmp_path, name):
    (tmp_path / 'text.mp4').write_text('not a video')
    result = predict_video(NumberOracle(), str(tmp_path / name))
    assert name in result.error
    assert (result.size, result.score, result.frames) == (None, None, ())


@pytest.mark.parametrize('wrong', [dict(every=0), dict(fps=0), dict(fps=float('nan'))])
def test_wrong_numbers_are_refused(video, wrong):
    with pytest.raises(ValueError, match='every must be at least 1 and fps above 0'):
        predict_video(NumberOracle(), video, **wrong)


def test_frames_are_answered_as_pictures_are(video, inferencer):
    result = predict_video(inferencer, video, every=10, batch_size=2)
    with VideoReader(video) as reader:
        alone = inferencer([frame.image for frame in reader if frame.index % 10 == 0])
    np.testing.assert_allclose([frame.score for frame in result.frames], [one.score for one in alone], atol=1e-5)


def test_memory_does_not_grow_with_the_length(video, inferencer, monkeypatch):
    references, most = [], 0

    class Counted(np.ndarray):
        pass

    class CountingReader(VideoReader):
        def __iter__(self):
            for index, time, image in super().__iter__():
                image = image.view(Counted)
                references.append(weakref.ref(image))
                yield Frame(index, time, image)

    def watch(*_):
        nonlocal most
        most = max(most, sum(reference() is not None for reference in references))

    monkeypatch.setattr(module, 'VideoReader', CountingReader)
    predict_video(inferencer, video, every=2, batch_size=2, workers=1, watch=watch)
    assert len(references) == 50
    # Read ahead and in the reader's hands; prepared ahead; a batch and one in the consumer's hands.
    assert most <= (module.FRAMES_AHEAD + 2) + (2 + 1 + 1) + (2 + 1)
