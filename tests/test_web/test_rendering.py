import base64

import cv2
import numpy as np

from monfap_mm.structures import PALETTE, ForgeryResult
from monfap_mm.web.rendering import heat_scale, render_answer


def decoded(address: str, kind: str) -> np.ndarray:
    head, _, content = address.partition(',')
    assert head == f'data:image/{kind};base64'
    return cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_UNCHANGED)


def result(height: int, width: int) -> ForgeryResult:
    """Blue, fake in its left half, where P(fake) is 1."""
    mask = np.arange(width) < width // 2
    mask = np.broadcast_to(mask, (height, width))
    image = np.full((height, width, 3), (255, 0, 0), np.uint8)
    return ForgeryResult('x', (height, width), 0.9, 'fake', mask, mask.astype(np.float16), image=image)


def test_pictures_of_a_small_picture_have_its_size():
    values = render_answer(result(40, 60))
    assert values['answer'] == result(40, 60).to_json()
    picture, mask, heat = (
        decoded(values['picture'], 'jpeg'),
        decoded(values['mask'], 'png'),
        decoded(values['heat'], 'jpeg'),
    )
    np.testing.assert_allclose(picture, np.full((40, 60, 3), (255, 0, 0)), atol=3)
    assert mask.shape == (40, 60, 4)
    assert (mask[:, :30] == (*PALETTE[1][::-1], 255)).all()
    assert (mask[:, 30:, 3] == 0).all()
    assert heat.shape == (40, 60, 3)
    assert heat[:, 40:].mean() < 5 < 150 < heat[:, :20].mean()  # dark to bright
    np.testing.assert_allclose(heat[:, :20].mean(axis=(0, 1)), (164, 255, 252), atol=5)  # inferno's end, BGR


def test_pictures_of_a_large_picture_are_bounded():
    values = render_answer(result(300, 6000))
    for name, kind in (('picture', 'jpeg'), ('mask', 'png'), ('heat', 'jpeg')):
        assert decoded(values[name], kind).shape[:2] == (64, 1280)
    assert values['answer']['size'] == [300, 6000]
    assert decoded(render_answer(result(1, 9000))['picture'], 'jpeg').shape == (1, 1280, 3)


def test_the_scale_has_the_colors_of_the_map():
    scale = decoded(heat_scale(), 'png')
    assert scale.shape == (1, 256, 3)
    brightness = scale[0].astype(int).sum(axis=1)
    assert brightness[0] < 10 < 500 < brightness[-1]
    np.testing.assert_allclose(scale[0, -1], (164, 255, 252), atol=2)  # inferno's end, BGR
