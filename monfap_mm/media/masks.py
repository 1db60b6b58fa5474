"""Which values of a mask are fake: one rule for lists, converters and checks."""

import cv2
import numpy as np

# Rule -> the largest value that is real. Editors soften edges: half way is the border unless the user says otherwise.
MASK_VALUES = {'above_127': 127, 'nonzero': 0}
DEFAULT_MASK_VALUES = 'above_127'
WHOLE_IMAGE = 'mask that marks the whole image'
WHOLE_BORDER = 'mask that marks all of the border but not all of the image, so may be inverted'
# In memory: real, fake, and "no statement", which losses and metrics leave out.
REAL, FAKE, UNKNOWN = 0, 1, 255
_LEVEL_SIDE = 5
_LEVEL_SHARE = 0.1


def check_mask_values(mask_values: str) -> str:
    """Check the name of a rule, and return it.

    Raises:
        ValueError: If there is no such rule.
    """
    if mask_values not in MASK_VALUES:
        raise ValueError(f'mask_values must be one of {", ".join(map(repr, MASK_VALUES))}, got {mask_values!r}')
    return mask_values


def fake_pixels(values: np.ndarray, mask_values: str = DEFAULT_MASK_VALUES) -> np.ndarray:
    """Apply a rule to the gray values of a mask.

    Args:
        values: Array (H, W), uint8, from :func:`~monfap_mm.media.images.read_mask`.
        mask_values: ``'above_127'``, or ``'nonzero'`` for masks of 0 and 1 or of a palette's dark entries.

    Returns:
        Array (H, W), uint8: 0 real, 1 fake.
    """
    return (values > MASK_VALUES[mask_values]).astype(np.uint8)


def says_nothing(mask: np.ndarray) -> bool:
    """Whether a mask (H, W) of 0, 1 and 255 tells of no pixel: that of a fake image whose mask nobody knows."""
    return bool((mask == UNKNOWN).all())


def second_level(values: np.ndarray, mask_values: str = DEFAULT_MASK_VALUES) -> int | None:
    """Find areas of one value that are neither black nor fake, such as a face marked by 100 beside one marked by 255.

    Soft edges and the noise of a lossy format are no such areas: the value must fill squares of 5 x 5 pixels, and have
    a tenth as many pixels as are fake.

    Args:
        values: Array (H, W), uint8.
        mask_values: The rule by which pixels are fake.

    Returns:
        The most frequent such value; None if there is none, or no pixel is fake.
    """
    counts = cv2.calcHist([values], [0], None, [256], [0, 256]).ravel()
    border = MASK_VALUES[mask_values]
    least = max(_LEVEL_SHARE * counts[border + 1 :].sum(), 1)
    if not counts[border + 1 :].any():
        return None
    square = np.ones((_LEVEL_SIDE, _LEVEL_SIDE), np.uint8)
    for value in sorted(range(1, border + 1), key=lambda value: -counts[value]):
        if counts[value] < least:
            return None
        if cv2.erode((values == value).astype(np.uint8), square, borderValue=0).any():
            return value
    return None


def oddity(mask: np.ndarray) -> str | None:
    """What hints at a mask of the wrong polarity, though it may be meant.

    Args:
        mask: Array (H, W), uint8: 0 real, 1 fake.

    Returns:
        ``WHOLE_IMAGE`` if all pixels are fake, ``WHOLE_BORDER`` if only those along all four borders are, else None.
    """
    if mask.all():
        return WHOLE_IMAGE
    return WHOLE_BORDER if all(side.all() for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1])) else None


def binarize_mask(frame: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Turn a frame of a mask video into a mask.

    Lossy compression leaves gray fringes and specks. Gray values above 127 are fake; then an opening with a square of
    3 x 3 removes what is less than 3 pixels wide, and a closing fills gaps of that size.

    Args:
        frame: Uint8 BGR ``(H', W', 3)``.
        shape: Height and width of the mask to make; the frame is resized to it first.

    Returns:
        Bool ``(H, W)``, True where fake.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if grey.shape != tuple(shape):
        grey = cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_LINEAR)
    mask, square = (grey > 127).astype(np.uint8), np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, square).astype(bool)
