"""Looking at one sample of a list: does it read, and do image, label and mask agree?"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..media.errors import BadInput
from ..media.images import read_image, read_mask
from ..media.limits import MAX_PIXELS_OF_SETS

BAD_IMAGE, BAD_MASK = 'image that cannot be read', 'mask that cannot be read'
SIZES = 'mask of another size than its image'
NOT_BINARY = 'mask with values other than 0 and 255'
REAL_WITH_MASK, FAKE_WITHOUT_MASK = 'real image with a mask that is not empty', 'fake image with an empty mask'


@dataclass(frozen=True)
class Sample:
    """A line of a list.

    Attributes:
        split: Stem of the list's name.
        image: Path of the image.
        mask: Path of the mask; None for a real image without one.
        label: 0 real, 1 fake.
    """

    split: str
    image: str
    mask: str | None
    label: int


@dataclass(frozen=True)
class Facts:
    """What was found out about a sample.

    Attributes:
        problems: Pairs of the kind of problem and the details.
        digest: SHA-256 of the image file; None if it cannot be read.
        look: Hash of how the image looks, see :func:`difference_hash`; None if it cannot be read or is featureless.
        area: Share of manipulated pixels, 0 to 1; None if the mask cannot be read.
        regions: Number of connected manipulated regions.
    """

    problems: tuple[tuple[str, str], ...] = ()
    digest: bytes | None = None
    look: int | None = None
    area: float | None = None
    regions: int = 0


def inspect(sample: Sample, max_pixels: int = MAX_PIXELS_OF_SETS) -> Facts:
    """Read image and mask of a sample, and compare them with its label."""
    try:
        image = read_image(sample.image, max_pixels)
        digest = hashlib.sha256(Path(sample.image).read_bytes()).digest()
    except (BadInput, OSError) as error:
        return Facts(((BAD_IMAGE, str(error)),))
    found = {'digest': digest, 'look': difference_hash(image)}
    if sample.mask is None:
        return Facts(area=0.0, **found)
    try:
        mask = read_mask(sample.mask, max_pixels)
    except BadInput as error:
        return Facts(((BAD_MASK, str(error)),), **found)
    fake = (mask > 127).astype(np.uint8)
    regions = cv2.connectedComponents(fake, connectivity=8)[0] - 1
    problems = tuple(_compare(sample, image, mask))
    return Facts(problems, area=float(fake.mean()), regions=regions, **found)


def _compare(sample: Sample, image: np.ndarray, mask: np.ndarray):
    if mask.shape != image.shape[:2]:
        sizes = f'{image.shape[1]} x {image.shape[0]} and {mask.shape[1]} x {mask.shape[0]}'
        yield SIZES, f'{sample.image}: image and mask have {sizes} pixels'
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    odd = [int(value) for value in values if value not in (0, 255)]
    if odd:
        yield NOT_BINARY, f'{sample.mask}: {len(odd)} other values, for instance {odd[len(odd) // 2]}'
    if sample.label and values[-1] <= 127:
        yield FAKE_WITHOUT_MASK, f'{sample.image}: no value of {sample.mask} is above 127'
    if not sample.label and values[-1] > 127:
        yield REAL_WITH_MASK, f'{sample.image}: {sample.mask}'


def difference_hash(image: np.ndarray) -> int | None:
    """Hash of an image's coarse structure: equal for copies that were scaled or compressed anew, most of the time.

    The image is shrunk to 9 x 8 grey values; each of the 64 bits tells whether a value is larger than its right
    neighbour (the "dHash").

    Args:
        image: Uint8 BGR ``(H, W, 3)``.

    Returns:
        64 bits; None if fewer than eight of them differ from the others, as in black or plain frames.
    """
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
    bits = small[:, :-1] > small[:, 1:]
    if not 8 <= bits.sum() <= 56:
        return None
    return int.from_bytes(np.packbits(bits).tobytes(), 'big')
