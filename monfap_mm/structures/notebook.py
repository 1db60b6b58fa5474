"""Answers in a notebook: a line of text and, for a picture, a small image."""

import html
import io
from base64 import b64encode
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from .classes import PALETTE

if TYPE_CHECKING:
    from .forgery_result import ForgeryResult

SIDE = 256
ALPHA = 0.6
GRAY = 230


def result_html(result: 'ForgeryResult') -> str:
    """A figure: the picture, or gray where the answer does not have it, its fake pixels tinted, and the verdict."""
    caption = html.escape(f'{result.path or "array"}: {verdict(result)}')
    if result.error is not None:
        return f'<p>{caption}</p>'
    source = b64encode(_png(_tinted(result))).decode()
    return (
        f'<figure><img src="data:image/png;base64,{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
    )


def verdict(result: 'ForgeryResult') -> str:
    """What an answer says, in a few words."""
    if result.error is not None:
        return f'no answer ({result.error})'
    mask, size = _of_answer(result)
    return f'{result.label}, P(fake) {result.score:.3f}, {mask.mean():.1%} of {_pixels(size)} fake'


def _of_answer(result: 'ForgeryResult') -> tuple[np.ndarray, tuple[int, int]]:
    """Mask and size, which are there where no error is."""
    assert result.mask is not None
    assert result.size is not None
    return result.mask, result.size


def _pixels(size: tuple[int, int]) -> str:
    return f'{size[1]} x {size[0]} pixels'


def _tinted(result: 'ForgeryResult') -> np.ndarray:
    """At most 256 pixels wide and high, RGB."""
    mask, (height, width) = _of_answer(result)
    scale = min(1, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Averaged, so that a small region leaves a trace.
    opacity = ALPHA * cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    if result.image is None:
        picture = np.full((size[1], size[0], 3), GRAY, np.uint8)
    else:
        picture = cv2.resize(result.image, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    return np.rint(picture * (1 - opacity) + np.array(PALETTE[1]) * opacity).astype(np.uint8)


def _png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, 'PNG')
    return stream.getvalue()
