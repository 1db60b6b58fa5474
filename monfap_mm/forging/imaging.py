"""What forging and rendering both do to pixels."""

import cv2
import numpy as np

Rng = np.random.Generator


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur with a standard deviation of ``sigma`` pixels; a blur that would hardly show is left out."""
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.2 else image


def jpeg_round_trip(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress and read back a uint8 BGR image."""
    return cv2.imdecode(encode_jpeg(image, quality), cv2.IMREAD_COLOR)


def encode_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """The bytes of ``image`` (uint8 BGR) as a JPEG file, a uint8 vector."""
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
