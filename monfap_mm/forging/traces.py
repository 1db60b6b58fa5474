"""Histories: what sets the pixels of a pasted face apart from the picture around them.

A history is what happened to a piece of a picture before it was pasted: it was resampled, compressed, recolored, and
carries the noise of another camera. Each draw leaves the piece either noisier or smoother than a fresh one.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np

from .imaging import Rng, jpeg_round_trip


@dataclass(frozen=True)
class History:
    """Parameters of a piece's history; the defaults change nothing.

    Attributes:
        resample: Factor by which the piece was shrunk and enlarged again, 1 for not at all.
        quality: Quality of its earlier JPEG compression, 0 for none.
        grid: Offset of that compression's 8 x 8 grid, in pixels.
        gains: Color gains (blue, green, red).
        noise: Standard deviation of its noise, in gray levels.
        grain: Standard deviation in pixels of the blur that makes its noise coarser.
    """

    resample: float = 1.0
    quality: int = 0
    grid: tuple[int, int] = (0, 0)
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    grain: float = 0.0

    @classmethod
    def sample(cls, rng: Rng) -> 'History':
        """Draw a history: smooth (shrunk or compressed before), noisy, or blocky, always slightly off in color."""
        gains = tuple(float(gain) for gain in rng.uniform(0.78, 1.26, 3))
        kind = rng.choice(['smooth', 'noisy', 'blocky'], p=[0.34, 0.38, 0.28])
        if kind == 'smooth':
            return cls(resample=rng.uniform(0.28, 0.5), gains=gains)
        grid = (int(rng.integers(0, 8)), int(rng.integers(0, 8)))
        if kind == 'blocky':
            return cls(quality=int(rng.integers(8, 22)), grid=grid, gains=gains)
        return cls(
            resample=rng.uniform(0.8, 1.0), gains=gains, noise=rng.uniform(9.0, 18.0), grain=rng.uniform(0.0, 0.6)
        )

    def apply(self, piece: np.ndarray, rng: Rng) -> np.ndarray:
        """Put a piece (uint8 BGR ``(h, w, 3)``) through the history; returns the same type and shape."""
        if self.resample < 1:
            piece = _shrink_and_enlarge(piece, self.resample)
        if self.quality:
            piece = self._compress(piece)
        changed = piece.astype(np.float32) * np.array(self.gains, np.float32)
        if self.noise:
            changed += self._noise(piece.shape, rng)
        return np.clip(changed + 0.5, 0, 255).astype(np.uint8)

    def describe(self) -> dict:
        """The parameters, ready for JSON."""
        return asdict(self)

    def _compress(self, piece: np.ndarray) -> np.ndarray:
        x, y = self.grid
        height, width = piece.shape[:2]
        padded = cv2.copyMakeBorder(piece, y, 8, x, 8, cv2.BORDER_REFLECT)
        return jpeg_round_trip(padded, self.quality)[y : y + height, x : x + width]

    def _noise(self, shape: tuple[int, ...], rng: Rng) -> np.ndarray:
        noise = rng.standard_normal(shape, dtype=np.float32)
        if self.grain > 0.2:
            noise = cv2.GaussianBlur(noise, (0, 0), self.grain)
        return noise * (self.noise / noise.std())


def _shrink_and_enlarge(piece: np.ndarray, factor: float) -> np.ndarray:
    height, width = piece.shape[:2]
    small = (max(2, round(width * factor)), max(2, round(height * factor)))
    shrunk = cv2.resize(piece, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
