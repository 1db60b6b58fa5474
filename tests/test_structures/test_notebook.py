import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from monfap_mm.structures import PALETTE, ForgeryResult, FrameScore, VideoResult
from monfap_mm.structures.notebook import GRAY


def answer(height=100, width=200, has_image=True, **changes) -> ForgeryResult:
    """A quarter of a black picture is fake: its upper left."""
    mask = np.zeros((height, width), bool)
    mask[: height // 2, : width // 2] = True
    values = dict(
        path='a.jpg', size=(height, width), score=0.98765, label='fake', mask=mask, probability=mask.astype(np.float16)
    )
    if has_image:
        values['image'] = np.zeros((height, width, 3), np.uint8)
    return ForgeryResult(**values | changes)


def image_in(text: str) -> np.ndarray:
    (source,) = re.findall('src="data:image/png;base64,([^"]*)"', text)
    return np.array(Image.open(io.BytesIO(base64.b64decode(source))))


def test_a_line_says_it_without_arrays():
    assert repr(answer()) == "ForgeryResult('a.jpg': fake, P(fake) 0.988, 25.0% of 200 x 100 pixels fake)"
    assert repr(answer(path=None, label='real')).startswith('ForgeryResult(None: real, ')
    assert repr(ForgeryResult('b.jpg', error='b.jpg is empty')) == "ForgeryResult('b.jpg': no answer (b.jpg is empty))"


def test_a_video_too():
    frames = tuple(FrameScore(index, index / 25, 0.5, 1, 0.1) for index in range(3000))
    video = VideoResult('a.mp4', score=0.7512, label='fake', frames=frames)
    assert repr(video) == "VideoResult('a.mp4': fake, P(fake) 0.751, 3000 frames predicted, 0 suspect stretches)"
    assert repr(VideoResult('b.mp4', error='b.mp4 is empty')) == "VideoResult('b.mp4': no answer (b.mp4 is empty))"


@pytest.mark.parametrize(('has_image', 'ground'), [(True, 0), (False, GRAY)])
def test_a_notebook_shows_the_mask_on_the_picture(has_image, ground):
    shown = image_in(answer(has_image=has_image)._repr_html_())
    assert shown.shape == (100, 200, 3)
    np.testing.assert_array_equal(shown[75, 150], [ground] * 3)
    np.testing.assert_allclose(shown[25, 50], 0.6 * np.array(PALETTE[1]) + 0.4 * ground, atol=0.5)


def test_colors_are_not_turned_around():
    image = np.zeros((10, 10, 3), np.uint8)
    image[..., 0] = 200  # blue, in BGR
    shown = image_in(answer(10, 10, mask=np.zeros((10, 10), bool), image=image)._repr_html_())
    np.testing.assert_array_equal(shown[0, 0], [0, 0, 200])


@pytest.mark.parametrize(
    ('size', 'shown'), [((1000, 2000), (128, 256)), ((3000, 1), (256, 1)), ((256, 256), (256, 256))]
)
def test_large_pictures_are_shrunk(size, shown):
    assert image_in(answer(*size)._repr_html_()).shape == (*shown, 3)


def test_a_file_name_is_no_markup():
    text = answer(path='<script>"x"</script>.jpg')._repr_html_()
    assert '<script>' not in text
    assert 'alt="&lt;script&gt;&quot;x&quot;' in text
    assert ForgeryResult('<b>', error='<i>')._repr_html_() == '<p>&lt;b&gt;: no answer (&lt;i&gt;)</p>'
