"""Looking at one sample of a list: does it read, and do image, label and mask agree?"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ..media.errors import BadInput
from ..media.images import read_image, read_mask
from ..media.limits import MAX_PIXELS_OF_SETS
from ..media.masks import DEFAULT_MASK_VALUES, MASK_VALUES, fake_pixels, oddity, second_level
from ..utils.provenance import file_sha256

BAD_IMAGE, BAD_MASK = 'image that cannot be read', 'mask that cannot be read'
SIZES = 'mask of another size than its image'
NOT_BINARY = 'mask with values other than 0 and 255'
SECOND_LEVEL = 'mask with areas of a value that counts as real'
REAL_WITH_MASK, FAKE_WITHOUT_MASK = 'real image with a mask that is not empty', 'fake image with an empty mask'
LABEL_ONLY = 'fake image without a mask, which trains the loss of the image alone'


@dataclass(frozen=True)
class Sample:
    """A line of a list.

    Attributes:
        split: Stem of the list's name.
        image: Path of the image.
        mask: Path of the mask; None for a real image without one, and a fake one whose mask nobody knows.
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
        notes: The same for what may be meant.
        digest: SHA-256 of the image file; None if it cannot be read.
        look: Hash of how the image looks, see :func:`difference_hash`; None if it cannot be read or is featureless.
        area: Share of manipulated pixels, 0 to 1; None if the mask cannot be read, or nobody knows it.
        regions: Number of connected manipulated regions.
    """

    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    digest: bytes | None = None
    look: int | None = None
    area: float | None = None
    regions: int = 0


def inspect(sample: Sample, max_pixels: int = MAX_PIXELS_OF_SETS, mask_values: str = DEFAULT_MASK_VALUES) -> Facts:
    """Read image and mask of a sample, and compare them with its label.

    Args:
        sample: The sample.
        max_pixels: Larger images and masks count as unreadable.
        mask_values: Which values of a mask are fake, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.
    """
    try:
        image = read_image(sample.image, max_pixels)
        digest = bytes.fromhex(file_sha256(sample.image))
    except (BadInput, OSError) as error:
        return Facts(((BAD_IMAGE, str(error)),))
    found = {'digest': digest, 'look': difference_hash(image)}
    if sample.mask is None and sample.label:
        return Facts(notes=((LABEL_ONLY, sample.image),), **found)
    if sample.mask is None:
        return Facts(area=0.0, **found)
    try:
        values = read_mask(sample.mask, max_pixels)
    except BadInput as error:
        return Facts(((BAD_MASK, str(error)),), **found)
    fake = fake_pixels(values, mask_values)
    regions = cv2.connectedComponents(fake, connectivity=8)[0] - 1
    problems = tuple(_compare(sample, image, values, mask_values))
    odd = oddity(fake) if sample.label else None
    notes = ((odd, sample.mask),) if odd else ()
    return Facts(problems, notes, area=float(fake.mean()), regions=regions, **found)


def _compare(sample: Sample, image: np.ndarray, values: np.ndarray, mask_values: str) -> Iterator[tuple[str, str]]:
    if values.shape != image.shape[:2]:
        sizes = f'{image.shape[1]} x {image.shape[0]} and {values.shape[1]} x {values.shape[0]}'
        yield SIZES, f'{sample.image}: image and mask have {sizes} pixels'
    present = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
    odd = [int(value) for value in present if value not in (0, 255)]
    if odd and mask_values == DEFAULT_MASK_VALUES:
        yield NOT_BINARY, f'{sample.mask}: {len(odd)} other values, for instance {odd[len(odd) // 2]}'
    level = second_level(values, mask_values)
    if level is not None:
        yield SECOND_LEVEL, f'{sample.mask}: {level} beside fake areas'
    largest = int(present[-1])
    if sample.label and largest <= MASK_VALUES[mask_values]:
        hint = ': see --mask-values' if largest else ''
        yield FAKE_WITHOUT_MASK, f'{sample.image}: the largest value of {sample.mask} is {largest}{hint}'
    if not sample.label and largest > MASK_VALUES[mask_values]:
        yield REAL_WITH_MASK, f'{sample.image}: {sample.mask}'


def difference_hash(image: np.ndarray) -> int | None:
    """Hash of an image's coarse structure: equal for copies that were scaled or compressed anew, most of the time.

    The image is shrunk to 9 x 8 gray values; each of the 64 bits tells whether a value is larger than its right
    neighbor (the "dHash").

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
