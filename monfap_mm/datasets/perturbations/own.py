"""Perturbations that albumentations lacks, or has in a form that does not serve here.

- Its compression takes RGB for BGR, so that the encoder's luma is not the picture's.
- Its Gaussian and Laplacian noise reseed OpenCV's generator, which the whole process shares.
- Its jigsaw moves every tile, so that no face is left; its snow bleaches the picture and has no flakes.
- It has no edge picture.

Each takes an image (H, W, 3), uint8, BGR, its mask (H, W) or None, and a random generator, and returns the new image
and mask.
"""

from collections.abc import Mapping

import cv2
import numpy as np

Pair = tuple[np.ndarray, np.ndarray | None]


def compress(
    image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator, file_format: str, quality: int
) -> Pair:
    """Encode and decode the image.

    Args:
        image: The image.
        mask: Its mask.
        rng: Not used.
        file_format: '.jpg' or '.webp'.
        quality: 1 to 100.

    Raises:
        ValueError: If the format is another one.
    """
    flags = {'.jpg': cv2.IMWRITE_JPEG_QUALITY, '.webp': cv2.IMWRITE_WEBP_QUALITY}
    flag = _choose('file_format', file_format, flags)
    return cv2.imdecode(cv2.imencode(file_format, image, [flag, quality])[1], cv2.IMREAD_COLOR), mask


def noise(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator, kind: str, std: float) -> Pair:
    """Add independent noise to every value.

    Args:
        image: The image.
        mask: Its mask.
        rng: Source of the noise.
        kind: 'gaussian' or 'laplace'.
        std: Standard deviation in gray levels, before clipping to 0..255.

    Raises:
        ValueError: If the kind is another one.
    """
    kinds = {'gaussian': (rng.normal, std), 'laplace': (rng.laplace, std / np.sqrt(2))}
    draw, scale = _choose('kind', kind, kinds)
    return np.clip(np.rint(image + draw(0, scale, image.shape)), 0, 255).astype(np.uint8), mask


def edge_overlay(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator, alpha: float) -> Pair:
    """Mix the image with its edges: half the magnitude of the Sobel gradient of its luma.

    Args:
        image: The image.
        mask: Its mask.
        rng: Not used.
        alpha: Share of the edges, 0 to 1.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    edges = np.clip(np.hypot(cv2.Sobel(luma, -1, 1, 0), cv2.Sobel(luma, -1, 0, 1)) / 2, 0, 255)
    return np.rint((1 - alpha) * image + alpha * edges[..., None]).astype(np.uint8), mask


def jigsaw(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator, grid: int, swaps: int) -> Pair:
    """Swap neighboring tiles, in the mask too.

    Args:
        image: The image.
        mask: Its mask.
        rng: Source of the choice.
        grid: Number of tiles per side, 2 or more. Tiles are of one size; pixels that are left over stay in place.
        swaps: Number of swaps, one after the other.
    """
    height, width = image.shape[0] // grid, image.shape[1] // grid
    arrays = [array.copy() for array in (image, mask) if array is not None]
    for _ in range(swaps):
        row, column = rng.integers(grid - 1, size=2)
        down, right = ((1, 0), (0, 1))[rng.integers(2)]
        tile, neighbor = (
            np.s_[r * height : (r + 1) * height, c * width : (c + 1) * width]
            for r, c in ((row, column), (row + down, column + right))
        )
        for array in arrays:
            array[tile], array[neighbor] = array[neighbor].copy(), array[tile].copy()
    return arrays[0], arrays[1] if len(arrays) > 1 else None


def snow(image: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator, density: float, radius: float) -> Pair:
    """Let white, blurred flakes fall before the picture.

    Args:
        image: The image.
        mask: Its mask.
        rng: Where the flakes are.
        density: Flakes per pixel.
        radius: Standard deviation of a flake in pixels.
    """
    flakes = (rng.random(image.shape[:2]) < density).astype(np.float32)
    # A single flake is opaque up to about its radius.
    opacity = np.clip(cv2.GaussianBlur(flakes, (0, 0), radius) * 3 * np.pi * radius**2, 0, 1)[..., None]
    return np.rint((1 - opacity) * image + opacity * 255).astype(np.uint8), mask


def _choose(name: str, value: str, choices: Mapping):
    if value not in choices:
        raise ValueError(f'{name} must be {" or ".join(map(repr, choices))}, got {value!r}')
    return choices[value]


OWN = dict(compress=compress, noise=noise, edge_overlay=edge_overlay, jigsaw=jigsaw, snow=snow)
