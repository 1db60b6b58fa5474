import numpy as np
import pytest

from monfap_mm.cli.annotated_video import AnnotatedVideo, draw_answer
from monfap_mm.media.errors import BadInput
from monfap_mm.media.videos import Frame, VideoReader
from monfap_mm.structures import PALETTE, ForgeryResult
from tests.test_media.made_videos import BOX, write_with_opencv
from tests.test_media.video_files import HEIGHT, WIDTH

GREY = 90
INSIDE = (slice(38, 46), slice(96, 120))  # of the mask, without its outline
OUTSIDE = (slice(38, 46), slice(140, 156))
TINTED = 0.55 * GREY + 0.45 * np.array(PALETTE[1][::-1])


def answer(label='fake', masked=True) -> ForgeryResult:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[BOX] = masked
    return ForgeryResult(None, (HEIGHT, WIDTH), 0.875, label, mask)


@pytest.fixture
def source(tmp_path) -> str:
    return str(write_with_opencv(tmp_path / 'a.mp4', 'mp4v', 20))


def read(path) -> list[np.ndarray]:
    with VideoReader(str(path)) as video:
        return [frame.image for frame in video]


def test_an_answer_stays_until_the_next_one(source, tmp_path):
    with AnnotatedVideo(source, tmp_path / 'out.mp4', 10**6) as annotated:
        annotated.add(0, answer('real', masked=False))
        annotated.add(5, answer())
        annotated.add(15, answer('real', masked=False))
        assert not (tmp_path / 'out.mp4').exists()
        annotated.finish()
    frames = read(tmp_path / 'out.mp4')
    assert len(frames) == 20
    for index, frame in enumerate(frames):
        assert frame.shape == (HEIGHT, WIDTH, 3)
        expected = TINTED if 5 <= index < 15 else GREY
        assert abs(frame[INSIDE].mean(axis=(0, 1)) - expected).max() < 12, index
        assert abs(frame[OUTSIDE].mean(axis=(0, 1)) - GREY).max() < 12, index


def test_nothing_was_added(source, tmp_path):
    with AnnotatedVideo(source, tmp_path / 'out.mp4', 10**6):
        pass
    assert not (tmp_path / 'out.mp4').exists()


def test_a_source_that_vanishes(tmp_path):
    with (
        AnnotatedVideo(str(tmp_path / 'gone.mp4'), tmp_path / 'out.mp4', 10**6) as annotated,
        pytest.raises(BadInput, match='No such file'),
    ):
        annotated.add(0, answer())


@pytest.mark.parametrize('label', ['real', 'fake'])
def test_a_frame_has_its_tag_in_the_color_of_the_label(label):
    image = np.full((1080, 1920, 3), GREY, np.uint8)
    picture = draw_answer(Frame(3, 75.25, image), ForgeryResult(None, (1080, 1920), 0.5, label, np.zeros((1080, 1920))))
    rows, columns = np.nonzero((picture == PALETTE[['real', 'fake'].index(label)][::-1]).all(axis=2))
    assert 40 < rows.max() < 70  # legible on a large frame
    assert 400 < columns.max() < 1000
    assert (image == GREY).all()


def test_a_frame_without_an_answer_is_drawn_as_it_is():
    image = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    picture = draw_answer(Frame(0, 0.0, image), ForgeryResult(None, error='the model failed'))
    assert (picture[30:] == GREY).all()
    assert (picture[:30] != GREY).any()
