"""A camera: the traces that a real picture carries evenly over its whole area.

Lens blur, color filter array, shot and read noise, demosaicing, white balance, tone curve, sharpening, and the JPEG
file that the camera writes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..forging.imaging import Rng, blur, jpeg_round_trip
from .canvas import GAMMA

_DEMOSAIC = {'bilinear': cv2.COLOR_BayerBG2BGR, 'edge_aware': cv2.COLOR_BayerBG2BGR_EA}


@dataclass(frozen=True)
class Camera:
    """One camera with its settings.

    Attributes:
        brightness: Mean display brightness that the exposure aims at, in (0, 1).
        lens_blur: Standard deviation of the lens blur in pixels.
        shot_noise: Variance of the photon noise per unit of signal (signal 1 saturates).
        read_noise: Standard deviation of the read-out noise.
        white_balance: Gains of blue and red against green that the sensor needs.
        white_balance_error: What the correction gets wrong, as gains of blue and red.
        demosaic: ``'bilinear'`` or ``'edge_aware'``.
        sharpening: Amount of the unsharp mask.
        saturation: Color saturation against a neutral rendering.
        quality: Quality of the JPEG file.
    """

    brightness: float
    lens_blur: float
    shot_noise: float
    read_noise: float
    white_balance: tuple[float, float]
    white_balance_error: tuple[float, float]
    demosaic: str
    sharpening: float
    saturation: float
    quality: int

    @classmethod
    def sample(cls, rng: Rng) -> 'Camera':
        """Draw a camera, from base sensitivity to a grainy evening shot."""
        return cls(
            brightness=rng.uniform(0.38, 0.52),
            lens_blur=rng.uniform(0.3, 0.55),
            shot_noise=float(np.exp(rng.uniform(np.log(1e-4), np.log(7e-4)))),
            read_noise=rng.uniform(0.001, 0.004),
            white_balance=(rng.uniform(1.3, 1.9), rng.uniform(1.5, 2.2)),
            white_balance_error=(rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07)),
            demosaic=str(rng.choice(sorted(_DEMOSAIC))),
            sharpening=rng.uniform(0.0, 0.6),
            saturation=rng.uniform(0.85, 1.15),
            quality=int(rng.integers(88, 98)),
        )

    def capture(self, radiance: np.ndarray, rng: Rng) -> np.ndarray:
        """Take a picture.

        Args:
            radiance: Float32 ``(H, W, 3)``, linear light, BGR.
            rng: Source of the noise.

        Returns:
            Uint8 BGR ``(H, W, 3)``, as read back from the camera's JPEG file.
        """
        exposed = blur(self._expose(radiance), self.lens_blur)
        blue, red = self.white_balance
        raw = self._mosaic(exposed / np.array([blue, 1, red], np.float32))
        raw = raw + rng.standard_normal(raw.shape, dtype=np.float32) * np.sqrt(
            self.shot_noise * raw + self.read_noise**2
        )
        raw = (np.clip(raw, 0, 1) * 65535 + 0.5).astype(np.uint16)
        color = cv2.demosaicing(raw, _DEMOSAIC[self.demosaic]).astype(np.float32) / 65535
        return jpeg_round_trip(self._develop(color), self.quality)

    def _expose(self, radiance: np.ndarray) -> np.ndarray:
        radiance = np.clip(radiance, 0, None)
        display = np.clip(radiance, 0, 1).mean() + 1e-3
        return np.minimum(radiance * (self.brightness**GAMMA / display), 1)

    @staticmethod
    def _mosaic(image: np.ndarray) -> np.ndarray:
        """Keep one color per pixel, in the order red, green / green, blue (OpenCV's name for it is BG)."""
        raw = image[..., 1].copy()
        raw[0::2, 0::2] = image[0::2, 0::2, 2]
        raw[1::2, 1::2] = image[1::2, 1::2, 0]
        return raw

    def _develop(self, color: np.ndarray) -> np.ndarray:
        gains = np.multiply(self.white_balance, self.white_balance_error)
        color = np.clip(color * np.array([gains[0], 1, gains[1]], np.float32), 0, 1) ** np.float32(1 / GAMMA)
        grey = color.mean(axis=2, keepdims=True)
        color = grey + self.saturation * (color - grey)
        color = color + self.sharpening * (color - blur(color, 1.0))
        return (np.clip(color, 0, 1) * 255 + 0.5).astype(np.uint8)
