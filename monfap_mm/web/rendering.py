"""An answer in the form that the page shows: JSON and small pictures, all in one object."""

import base64

import cv2
import numpy as np

from ..structures import PALETTE, ForgeryResult
from ..utils.fit_size import fit_size
from ..utils.known import known
from ..visualization.panels import heat_map, resize

MAX_SIDE = 1280


def render_answer(result: ForgeryResult) -> dict:
    """Everything that the page needs for a picture.

    Args:
        result: The answer, with its image.

    Returns:
        ``answer``, its JSON form, and as ``data:`` addresses of pictures of one size, at most 1280 pixels per side:
        ``picture``, ``mask`` (the fake pixels colored, the others transparent) and ``heat`` (P(fake) by color).
    """
    size = fit_size(known(result.size), (MAX_SIDE, MAX_SIDE), max_scale=1)
    probability = resize(np.round(known(result.probability) * 255).astype(np.uint8), size) / 255
    return dict(
        answer=result.to_json(),
        picture=_data_address('.jpg', resize(known(result.image), size)),
        mask=_data_address('.png', _tint(resize(known(result.mask).astype(np.uint8) * 255, size))),
        heat=_data_address('.jpg', cv2.cvtColor(heat_map(probability), cv2.COLOR_RGB2BGR)),
    )


def heat_scale() -> str:
    """The colors of ``heat`` from 0 to 1, a picture of 256 x 1 pixels as a ``data:`` address."""
    return _data_address('.png', cv2.cvtColor(heat_map(np.linspace(0, 1, 256)[None]), cv2.COLOR_RGB2BGR))


def _tint(opacity: np.ndarray) -> np.ndarray:
    """The color of fake pixels with an opacity, (H, W), uint8, as BGRA."""
    color = np.broadcast_to(np.array(PALETTE[1][::-1], np.uint8), (*opacity.shape, 3))
    return np.dstack([color, opacity])


def _data_address(ending: str, image: np.ndarray) -> str:
    kind = {'.jpg': 'jpeg', '.png': 'png'}[ending]
    return f'data:image/{kind};base64,{base64.b64encode(cv2.imencode(ending, image)[1]).decode()}'
