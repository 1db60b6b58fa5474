"""The way of a picture to its reader: resized, slightly blurred, compressed again; the same for real and fake."""

from dataclasses import asdict, dataclass

import cv2
import numpy as np

from .imaging import Rng, blur, encode_jpeg


@dataclass(frozen=True)
class PostProcess:
    """One draw of the processing.

    Attributes:
        size: Side of the finished picture in pixels.
        blur: Standard deviation of a Gaussian blur in pixels, 0 for none.
        quality: Quality of the JPEG file.
    """

    size: int
    blur: float
    quality: int

    @classmethod
    def sample(cls, rng: Rng, size: int) -> 'PostProcess':
        """Draw a processing that ends at ``size`` pixels square."""
        softened = rng.random() < 0.25
        return cls(size, rng.uniform(0.25, 0.5) if softened else 0.0, int(rng.integers(82, 97)))

    def apply(self, image: np.ndarray, mask: np.ndarray) -> tuple[bytes, np.ndarray]:
        """Process a picture and its mask.

        Args:
            image: Uint8 BGR ``(H, W, 3)``.
            mask: Bool ``(H, W)``.

        Returns:
            The bytes of the JPEG file and the mask, bool ``(size, size)``.
        """
        if image.shape[:2] != (self.size, self.size):
            shrinks = self.size < image.shape[0]
            image = cv2.resize(
                image, (self.size, self.size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
            )
            soft = cv2.resize(mask.astype(np.float32), (self.size, self.size), interpolation=cv2.INTER_LINEAR)
            mask = soft >= 0.5
        return encode_jpeg(blur(image, self.blur), self.quality).tobytes(), mask

    def describe(self) -> dict:
        """The parameters, ready for JSON."""
        return asdict(self)
