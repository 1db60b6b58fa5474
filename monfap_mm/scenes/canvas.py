"""Small drawing kit of the scene renderer: colors, soft shapes, noise textures.

Images are float32 arrays ``(H, W, 3)`` in linear light, BGR like everywhere in OpenCV; 1.0 is display white.
"""

import cv2
import numpy as np

from ..forging.imaging import Rng

GAMMA = 2.2


def linear(bgr: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Turn display colors in [0, 1] into linear light."""
    return np.power(np.clip(np.asarray(bgr, np.float32), 0, 1), GAMMA, dtype=np.float32)


def random_color(rng: Rng, saturation: tuple[float, float], value: tuple[float, float]) -> np.ndarray:
    """Draw a linear BGR color of any hue with saturation and display value in the given ranges."""
    hue = rng.uniform(0, 6)
    ramp = np.clip(np.abs((hue + np.array([2.0, 4.0, 0.0])) % 6 - 3) - 1, 0, 1)
    return linear(rng.uniform(*value) * (1 - rng.uniform(*saturation) * (1 - ramp)))


def fractal_noise(
    rng: Rng, shape: tuple[int, int], cells: tuple[float, float] = (4, 4), octaves: int = 4, persistence: float = 0.55
) -> np.ndarray:
    """Sum smooth noise over octaves.

    Args:
        rng: Source of randomness.
        shape: Height and width of the texture.
        cells: Cells of the coarsest octave along height and width; unequal numbers stretch the texture.
        octaves: Number of octaves, each twice as fine as the one before.
        persistence: Amplitude of an octave relative to the one before.

    Returns:
        Float32 ``(H, W)``, zero mean and unit standard deviation.
    """
    texture = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = [min(side, int(cell * 2**octave) + 2) for side, cell in zip(shape, cells)]
        values = rng.standard_normal(grid, dtype=np.float32)
        texture += persistence**octave * cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return (texture - texture.mean()) / (texture.std() + 1e-6)


def step(distance: np.ndarray, softness: float) -> np.ndarray:
    """Coverage of a shape: 0 where ``distance`` is below -softness / 2, 1 above +softness / 2, linear between."""
    return np.clip(distance / softness + 0.5, 0, 1)


def ellipse(
    x: np.ndarray,
    y: np.ndarray,
    centre: tuple[float, float],
    radii: tuple[float, float],
    softness: float,
    angle: float = 0.0,
) -> np.ndarray:
    """Coverage in [0, 1] of an ellipse on the coordinate grids ``x`` and ``y``, turned by ``angle`` radians."""
    dx, dy = x - centre[0], y - centre[1]
    if angle:
        cos, sin = np.cos(angle), np.sin(angle)
        dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
    radius = np.sqrt((dx / radii[0]) ** 2 + (dy / radii[1]) ** 2)
    return step((1 - radius) * min(radii), softness)


def paint(image: np.ndarray, color: np.ndarray, coverage: np.ndarray) -> None:
    """Lay ``color`` (one color or an image) over ``image`` in place, weighted by ``coverage`` in [0, 1]."""
    image += (color - image) * coverage[..., None]


def pixel_grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y of the pixel centers in [0, 1], each float32 ``(H, W)``."""
    height, width = shape
    x = (np.arange(width, dtype=np.float32) + 0.5) / width
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return np.broadcast_to(x, shape), np.broadcast_to(y[:, None], shape)
