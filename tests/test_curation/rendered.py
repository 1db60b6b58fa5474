"""Rendered pictures that OpenCV's cascade takes for photographs."""

import numpy as np

from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_scene

# In these, at 256 pixels, the cascade finds two faces.
SEEDS = (0, 2, 3, 4)


def take_picture(seed: int, size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A picture (size, size, 3), BGR, and the boxes of its faces."""
    rng = np.random.default_rng(seed)
    scene = render_scene(rng, size)
    return Camera.sample(rng).capture(scene.radiance, rng), scene.boxes
