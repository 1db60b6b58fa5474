"""A sample of an image-forgery set as it lies on disk, and its conversion into ours."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...jobs.job import Entry, Outcome, Task
from ...jobs.output_files import place_image, write_mask
from ...media.errors import BadInput
from ...media.headers import Header, read_header
from ...media.images import read_image, read_mask
from ...media.masks import DEFAULT_MASK_VALUES, fake_pixels, oddity, second_level
from ...media.orientation import as_shown
from ...media.paths import safe_join, safe_name

# A mask of another size is stretched over its image if their proportions differ by no more than this.
_MAX_STRETCH = 0.05
_DARK = 64
_TURNED = 'mask turned with its image'


@dataclass(frozen=True)
class Sample:
    """An image of a set, with its mask if it is forged.

    Attributes:
        image: Path below the set's folder.
        label: 0 real, 1 fake.
        sources: Names of the photographs that it was made from.
        mask: Path of the mask; None for a real image, or if there is none where one should be.
        marking: How the mask marks forged pixels, a key of :data:`MARKINGS`.
        note: What is odd about the pair, for the manifest; empty if nothing is.
    """

    image: str
    label: int
    sources: tuple[str, ...]
    mask: str | None = None
    marking: str = 'white'
    note: str = ''


def _read_white(path: Path, max_pixels: int, mask_values: str) -> np.ndarray:
    values = read_mask(path, max_pixels)
    fake = fake_pixels(values, mask_values)
    if values.any() and not fake.any():
        raise BadInput(
            f'The mask {path.name} marks no pixel as forged: its largest value is {values.max()}; see --mask-values'
        )
    level = second_level(values, mask_values)
    if level is not None:
        raise BadInput(
            f'The mask {path.name} has areas of the value {level} beside the forged ones: if they are forged too, use '
            '--mask-values nonzero; if not, make them 0'
        )
    return fake


def _read_black(path: Path, max_pixels: int, mask_values: str) -> np.ndarray:
    return 1 - fake_pixels(read_mask(path, max_pixels), mask_values)


def _read_green(path: Path, max_pixels: int, _mask_values: str) -> np.ndarray:
    """Columbia's masks are JPEGs: colors are compared, not matched."""
    _, green, red = np.moveaxis(read_image(path, max_pixels), -1, 0)
    return ((green > red) & (green >= _DARK)).astype(np.uint8)


MARKINGS: dict[str, Callable[[Path, int, str], np.ndarray]] = {
    'white': _read_white,
    'black': _read_black,
    'green': _read_green,
}


def convert(
    task: Task,
    dst: Path,
    *,
    src: Path,
    splits: dict[str, str],
    link: str,
    max_pixels: int,
    mask_values: str = DEFAULT_MASK_VALUES,
) -> Outcome:
    """Check an image, turn its mask into ours, and give both to the set; the work of :func:`run_job`.

    Args:
        task: Its ``args`` are a :class:`Sample`.
        dst: Folder of the set.
        src: Folder of the public set.
        splits: The split of every image, from :func:`divide`.
        link: How the set gets the image, see :func:`place_image`.
        max_pixels: Largest image or mask.
        mask_values: Which values of a mask are marked, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.
    """
    sample: Sample = task.args
    source, name = safe_join(src, sample.image), safe_name(sample.image)
    header = read_header(source, max_pixels)
    read_image(source, max_pixels)
    mask_name, notes = None, [sample.note] if sample.note else []
    if sample.label:
        if sample.mask is None:
            raise BadInput('The forged image has no mask of its own')
        marked = MARKINGS[sample.marking](safe_join(src, sample.mask), max_pixels, mask_values)
        mask, note = fit_mask(marked, header)
        if not mask.any():
            raise BadInput(f'The mask {sample.mask} marks no pixel as forged')
        notes += [note for note in (note, oddity(mask)) if note]
        mask_name = f'masks/{name}.png'
        write_mask(dst, mask_name, mask)
    place_image(source, dst, f'images/{name}', link)
    info = {'sources': list(sample.sources), **({'notes': notes} if notes else {})}
    counts = {note.split(':')[0]: 1 for note in notes}
    return Outcome([Entry(f'images/{name}', sample.label, splits[sample.image], mask_name, info)], counts)


def fit_mask(mask: np.ndarray, header: Header) -> tuple[np.ndarray, str]:
    """Bring a mask to the size that a viewer shows its image in.

    A mask of the stored pixels is turned as the EXIF orientation asks; where turning keeps the size (orientations 2 to
    4, or a square), it might as well have been drawn on the image as shown, so that is noted. A mask of any other
    size is stretched by nearest neighbor if its proportions are the image's within 5%.

    Args:
        mask: Array (H, W), uint8.
        header: Header of the image.

    Returns:
        The mask, and a note if it was turned or stretched, else ''.

    Raises:
        BadInput: If the proportions differ: the mask may be turned, or another image's.
    """
    stored = (header.height, header.width)
    if mask.shape == stored:
        return as_shown(mask, header.orientation), _TURNED if header.orientation in range(2, 9) else ''
    height, width = shown = as_shown(np.zeros(stored, np.uint8), header.orientation).shape
    if mask.shape == shown:
        return mask, ''
    sizes = f'{mask.shape[1]} x {mask.shape[0]} for an image of {width} x {height}'
    stretch = (mask.shape[1] / mask.shape[0]) / (width / height)
    if max(stretch, 1 / stretch) > 1 + _MAX_STRETCH:
        raise BadInput(f'The mask has other proportions than its image: {sizes}')
    return cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), f'mask stretched: {sizes}'
