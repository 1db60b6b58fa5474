"""Backgrounds: each function renders one kind of place as float32 ``(H, W, 3)`` in linear light."""

import numpy as np

from ..forging.imaging import Rng, blur
from .canvas import ellipse, fractal_noise, linear, paint, pixel_grid, random_color, step

Shape = tuple[int, int]


def _textured(color: np.ndarray, texture: np.ndarray, contrast: float) -> np.ndarray:
    """One color whose brightness follows a zero-mean texture."""
    return color * np.exp(contrast * texture)[..., None]


def _gradient(rng: Rng, shape: Shape) -> np.ndarray:
    """Smooth ramp between two related colors, in any direction, between 0 and 1."""
    x, y = pixel_grid(shape)
    angle = rng.uniform(0, 2 * np.pi)
    return 0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)


def studio(rng: Rng, shape: Shape) -> np.ndarray:
    """Paper backdrop: a gradient with a faint cloudy texture."""
    image = np.empty((*shape, 3), np.float32)
    image[:] = random_color(rng, (0.0, 0.5), (0.3, 0.85))
    paint(image, random_color(rng, (0.0, 0.5), (0.2, 0.9)), np.clip(_gradient(rng, shape), 0, 1))
    return _textured(image, fractal_noise(rng, shape, (3, 3), 5), rng.uniform(0.04, 0.2))


def wall(rng: Rng, shape: Shape) -> np.ndarray:
    """Bricks or panels with mortar lines, each stone of its own shade, lit unevenly."""
    x, y = pixel_grid(shape)
    rows = rng.uniform(5, 16)
    columns = rows * rng.uniform(0.35, 0.9)
    row = y * rows + rng.uniform()
    column = x * columns + 0.5 * (np.floor(row) % 2) * rng.integers(0, 2) + rng.uniform()
    shades = rng.normal(0, rng.uniform(0.05, 0.25), (32, 32)).astype(np.float32)
    stone = shades[np.floor(row).astype(int) % 32, np.floor(column).astype(int) % 32]
    image = _textured(random_color(rng, (0.1, 0.6), (0.35, 0.8)), stone, 1.0)
    image = _textured(image, fractal_noise(rng, shape, (14, 14), 4, 0.8), rng.uniform(0.05, 0.2))
    seam = np.maximum(step(np.abs(row % 1 - 0.5) - 0.45, 0.04), step(np.abs(column % 1 - 0.5) - 0.47, 0.03))
    paint(image, linear((0.6, 0.62, 0.65)) * rng.uniform(0.3, 1.2), seam * 0.8)
    return image * (0.6 + 0.6 * _gradient(rng, shape))[..., None]


def facade(rng: Rng, shape: Shape) -> np.ndarray:
    """House front with a grid of windows, some of them lit."""
    x, y = pixel_grid(shape)
    image = _textured(random_color(rng, (0.05, 0.4), (0.4, 0.85)), fractal_noise(rng, shape, (8, 8), 5), 0.1)
    rows, columns = rng.uniform(2, 5), rng.uniform(2.5, 6)
    row, column = y * rows + rng.uniform(), x * columns + rng.uniform()
    half = rng.uniform(0.22, 0.38, 2)
    soft_y, soft_x = rows / shape[0], columns / shape[1]
    lights = rng.choice(np.array([0.05, 0.12, 0.3, 0.9], np.float32), (12, 12), p=(0.35, 0.3, 0.2, 0.15))
    light = lights[np.floor(row).astype(int) % 12, np.floor(column).astype(int) % 12]
    dy, dx = np.abs(row % 1 - 0.5), np.abs(column % 1 - 0.5)
    frame = step(half[0] + 0.06 - dy, soft_y) * step(half[1] + 0.05 - dx, soft_x)
    glass = step(half[0] - dy, soft_y) * step(half[1] - dx, soft_x) * step(dx - 0.02, soft_x)
    paint(image, linear((0.85, 0.85, 0.85)), frame)
    paint(image, light[..., None] * random_color(rng, (0.1, 0.5), (0.8, 1.0)), glass)
    return image


def foliage(rng: Rng, shape: Shape) -> np.ndarray:
    """Leaves: layers of thresholded noise from dark to bright green, with specks of sky."""
    green = linear((rng.uniform(0.1, 0.3), rng.uniform(0.4, 0.7), rng.uniform(0.2, 0.55)))
    image = _textured(green * 0.15, fractal_noise(rng, shape, (4, 4)), 0.3)
    cells = rng.uniform(8, 18)
    for brightness in (0.35, 0.6, 1.0, 1.4):
        leaves = step(fractal_noise(rng, shape, (cells, cells), 3, 0.8) - 0.4, 0.4)
        paint(image, green * brightness * rng.uniform(0.8, 1.2, 3).astype(np.float32), leaves)
    sky = step(fractal_noise(rng, shape, (6, 6), 4) - rng.uniform(1.2, 2.5), 0.3)
    paint(image, linear((0.95, 0.9, 0.85)), sky)
    return image


def bokeh(rng: Rng, shape: Shape) -> np.ndarray:
    """Night lights far out of focus: soft discs over a dark ground."""
    x, y = pixel_grid(shape)
    image = _textured(random_color(rng, (0.2, 0.8), (0.15, 0.4)), fractal_noise(rng, shape, (3, 3), 3), 0.4)
    radius = rng.uniform(0.02, 0.07)
    for _ in range(rng.integers(8, 22)):
        size = radius * rng.uniform(0.7, 1.3)
        disc = ellipse(x, y, tuple(rng.uniform(0, 1, 2)), (size, size), 0.012)
        image += disc[..., None] * random_color(rng, (0.1, 0.8), (0.4, 0.9)) * rng.uniform(0.2, 0.8)
    return blur(image, rng.uniform(0.3, 1.0) * shape[0] / 128)


def landscape(rng: Rng, shape: Shape) -> np.ndarray:
    """Sky with clouds, hills along the horizon, and a textured ground."""
    x, y = pixel_grid(shape)
    horizon = rng.uniform(0.3, 0.65)
    image = np.empty((*shape, 3), np.float32)
    image[:] = linear((rng.uniform(0.75, 0.95), rng.uniform(0.6, 0.8), rng.uniform(0.4, 0.7)))
    paint(image, linear((0.92, 0.92, 0.95)), np.clip(y / horizon, 0, 1) * 0.8)
    clouds = step(fractal_noise(rng, shape, (6, 3), 5) - rng.uniform(0, 1), 1.5)
    paint(image, linear((0.95, 0.95, 0.95)), clouds * rng.uniform(0.2, 0.9))
    for lift, shade in ((0.08, 0.6), (0.0, 0.3)):
        ridge = fractal_noise(rng, (1, shape[1]), (1, 4), 4)[0]
        hills = step(y - (horizon - lift + 0.03 * ridge), 2 / shape[0])
        paint(
            image,
            _textured(random_color(rng, (0.2, 0.5), (0.5, 0.8)) * shade, fractal_noise(rng, shape, (10, 10)), 0.2),
            hills,
        )
    ground = _textured(random_color(rng, (0.1, 0.5), (0.35, 0.7)), fractal_noise(rng, shape, (30, 8), 3, 0.8), 0.25)
    paint(image, ground, step(y - horizon - 0.03, 2 / shape[0]))
    return image


def shelves(rng: Rng, shape: Shape) -> np.ndarray:
    """Shelves full of books: rows of colored spines."""
    x, y = pixel_grid(shape)
    rows = rng.integers(3, 6)
    row = y * rows
    image = np.empty((*shape, 3), np.float32)
    image[:] = random_color(rng, (0.2, 0.5), (0.1, 0.3))
    for level in range(rows):
        edges = np.cumsum(rng.uniform(0.02, 0.06, 60))
        spine = np.searchsorted(edges, x[0])
        colors = np.stack([random_color(rng, (0.1, 0.8), (0.2, 0.85)) for _ in range(61)])
        top = rng.uniform(0.1, 0.35, 61)[spine]
        inside = step(row - level - top, 0.05) * step(level + 0.93 - row, 0.05)
        edge = np.minimum(1, 0.4 + np.gradient(spine.astype(np.float32)) ** 2 * 4)
        paint(image, colors[spine] * (1.4 - edge)[:, None], inside)
    return _textured(image, fractal_noise(rng, shape, (6, 6), 4), 0.15)


BACKGROUNDS = {kind.__name__: kind for kind in (studio, wall, facade, foliage, bokeh, landscape, shelves)}
