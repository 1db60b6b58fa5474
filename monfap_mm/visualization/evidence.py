"""The evidence for an answer on one page: what was seen, where it is fake, and what the model went by."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..structures import CLASSES, PALETTE, ForgeryResult, Region
from ..utils.fit_size import fit_size
from .gate_bars import draw_gates
from .page import Page
from .panels import heat_map, missing, overlay
from .region_labels import place_labels

MAX_NUMBERED = 9
TITLE_POINTS, VERDICT_POINTS, CAPTION_POINTS, POINTS = 14, 12, 10, 9
GREY = '#606060'
LABEL_RADIUS = 14
# In pixels of the page.
MARGIN, GAP, CAPTION = 40, 36, 36
HEADER, SCALE_WIDTH = 122, 110
INFO_WIDTH, LINE = 640, 31
# The bars have the names of the extractors above them, the levels at their left, and a scale below.
BARS_HEIGHT, NAMES_HEIGHT, LEVELS_WIDTH = 290, 64, 124
GATES_HEIGHT = CAPTION + NAMES_HEIGHT + BARS_HEIGHT + 64
REGIONS_HEIGHT = CAPTION + (MAX_NUMBERED + 3) * LINE
# Of the table of regions: the right ends of the first three columns, and the left end of the last one.
COLUMNS = (34, 150, 280, 308)


class _Arrangement(NamedTuple):
    """How the four pictures stand.

    Attributes:
        rows: Rows of pictures, which are filled from top to bottom first.
        columns: Columns of pictures.
        room: The most that a picture may take, height and width.
        cell: The least that is left for it; captions and numbers need some.
        beside: Whether bars and regions stand at the right of the pictures, or below.
    """

    rows: int
    columns: int
    room: tuple[int, int]
    cell: tuple[int, int]
    beside: bool


TALL = _Arrangement(1, 4, room=(960, 400), cell=(240, 370), beside=True)
USUAL = _Arrangement(2, 2, room=(540, 610), cell=(240, 370), beside=True)
WIDE = _Arrangement(4, 1, room=(420, 1520), cell=(110, 370), beside=False)


def draw_evidence(result: ForgeryResult) -> np.ndarray:
    """Draw the evidence for an answer.

    The page shows the input; the regions, outlined and numbered, the largest nine; heat maps of P(fake) and of the
    coarse mask that guides the attention, with their scale; how far the gate trusted each noise extractor; and the
    regions' figures. What the answer lacks says "n/a".

    Args:
        result: The answer, with its image.

    Returns:
        Picture (H, W, 3), uint8, RGB, at most 2700 high and 2600 wide, whatever the size of the image.

    Raises:
        ValueError: If there is no answer, or it came without its image.
    """
    if result.error is not None or result.image is None:
        raise ValueError(f'there is nothing to show for {result.path}: {result.error or "the answer has no image"}')
    arrangement = _arrangement(*result.size)
    size = fit_size(result.size, arrangement.room)
    cell = tuple(max(lengths) for lengths in zip(size, arrangement.cell))
    height = arrangement.rows * (cell[0] + CAPTION + GAP) - GAP
    width = arrangement.columns * (cell[1] + GAP) - GAP + SCALE_WIDTH
    if arrangement.beside:
        left, top = MARGIN + width + GAP, MARGIN + HEADER
        page = Page(left + INFO_WIDTH + MARGIN, top + max(height, GATES_HEIGHT + REGIONS_HEIGHT) + MARGIN)
        info = (left, top), (left, top + GATES_HEIGHT)
    else:
        left, top = MARGIN, MARGIN + HEADER + height + GAP
        page = Page(MARGIN + max(width, 2 * INFO_WIDTH + GAP) + MARGIN, top + GATES_HEIGHT + MARGIN)
        info = (left, top), (left + INFO_WIDTH + GAP, top)
    _draw_header(page, result)
    _draw_pictures(page, result, arrangement, size, cell)
    _draw_gates(page, *info[0], result)
    _draw_regions(page, *info[1], result)
    return page.render()


def _arrangement(height: int, width: int) -> _Arrangement:
    if width < 0.55 * height:
        return TALL
    return USUAL if width < 2.4 * height else WIDE


def _draw_header(page: Page, result: ForgeryResult) -> None:
    width = page.width - 2 * MARGIN
    name = 'picture without a name' if result.path is None else os.path.basename(result.path)
    page.text(MARGIN, MARGIN + 10, name, TITLE_POINTS, weight='bold', max_width=width)
    color = '#{:02x}{:02x}{:02x}'.format(*PALETTE[CLASSES.index(result.label)])
    tag = dict(facecolor=color, edgecolor='none', pad=4)
    y = MARGIN + 62
    _, right = page.text(MARGIN + 9, y, result.label.upper(), VERDICT_POINTS, weight='bold', color='white', bbox=tag)
    _, right = page.text(right + 28, y, f'P(fake) {result.score:.3f}', VERDICT_POINTS, weight='bold')
    height_px, width_px = result.size
    model = result.model and f'by the model {result.model}'
    facts = [f'{width_px} x {height_px} pixels', f'{result.mask.mean():.1%} of them fake', model, result.note]
    page.text(right + 28, y, '  ·  '.join(filter(None, facts)), CAPTION_POINTS, max_width=width + MARGIN - right - 28)


def _draw_pictures(
    page: Page, result: ForgeryResult, arrangement: _Arrangement, size: tuple[int, int], cell: tuple[int, int]
) -> None:
    image = np.ascontiguousarray(_resize(result.image, size)[..., ::-1])
    mask = _resize_mask(result.mask, size)
    panels = [
        ('input', image),
        ('regions: P(fake) > 0.5', overlay(image, mask, PALETTE[1], alpha=0)),
        ('heat map: P(fake)', _heat(result.probability, size)),
        ('coarse mask: P(fake)', _heat(result.coarse, size)),
    ]
    places = []
    for number, (caption, picture) in enumerate(panels):
        column, row = divmod(number, arrangement.rows)
        x, y = MARGIN + column * (cell[1] + GAP), MARGIN + HEADER + row * (cell[0] + CAPTION + GAP)
        page.text(x, y + 8, caption, CAPTION_POINTS, weight='bold')
        places.append((x + (cell[1] - size[1]) // 2, y + CAPTION + (cell[0] - size[0]) // 2))
        page.picture(*places[-1], picture)
    _draw_numbers(page, result.regions[:MAX_NUMBERED], result.size, mask, places[1], cell)
    # The scale stands at the right of both heat maps where one is above the other.
    x, bottom = MARGIN + arrangement.columns * (cell[1] + GAP) - GAP + 20, places[3][1] + size[0]
    top = min(places[2][1], bottom - arrangement.cell[0])
    _draw_scale(page, x, top, bottom - top)


def _draw_numbers(
    page: Page,
    regions: Sequence[Region],
    image_size: tuple[int, int],
    mask: np.ndarray,
    place: tuple[int, int],
    cell: tuple[int, int],
) -> None:
    """Number the regions on their picture, each with a line to one of its pixels where the number stands beside it."""
    (height, width), (x, y) = mask.shape, place
    scale = np.array([width / image_size[1], height / image_size[0]] * 2)
    boxes = [np.array(region.box) * scale for region in regions]
    # A picture of a few pixels' width has no room for numbers: they may leave it, but not its cell.
    beyond = (cell[1] - width) // 2, (cell[0] - height) // 2
    room = (-beyond[0], -beyond[1], width + beyond[0], height + beyond[1])
    centers = place_labels(boxes, room, LABEL_RADIUS + 1)
    for box, center in zip(boxes, centers):
        line = [(x + value[0], y + value[1]) for value in (center, _pixel_of(mask, box))]
        page.line(line, 'white', 2.4)
        page.line(line, 'black', 1)
    for number, center in enumerate(centers, start=1):
        page.disc(x + center[0], y + center[1], LABEL_RADIUS)
        page.text(x + center[0], y + center[1], str(number), POINTS, weight='bold', ha='center')


def _pixel_of(mask: np.ndarray, box: np.ndarray) -> tuple[float, float]:
    """The fake pixel in a box that is nearest to its middle, x and y."""
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    rows, columns = np.nonzero(mask[top:bottom, left:right])
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x, y = left + columns + 0.5, top + rows + 0.5
    nearest = np.argmin((x - middle[0]) ** 2 + (y - middle[1]) ** 2)
    return float(x[nearest]), float(y[nearest])


def _draw_scale(page: Page, x: int, y: int, height: int) -> None:
    """The colors of the heat maps, from 0 to 1."""
    page.picture(x, y, heat_map(np.repeat(np.linspace(1, 0, height)[:, None], 20, axis=1)))
    axes = page.axes(x, y, 20, height)
    axes.set(xticks=[], ylim=(0, 1), yticks=(0, 0.25, 0.5, 0.75, 1))
    axes.tick_params(labelsize=POINTS, length=3, labelright=True, right=True, labelleft=False, left=False)
    axes.spines[:].set_visible(False)


def _draw_gates(page: Page, x: int, y: int, result: ForgeryResult) -> None:
    page.text(x, y + 8, 'trust of the gate in each noise extractor', CAPTION_POINTS, weight='bold')
    y += CAPTION
    if result.gates is None:
        page.picture(x, y, missing((NAMES_HEIGHT + BARS_HEIGHT, INFO_WIDTH)))
        return
    axes = page.axes(x + LEVELS_WIDTH, y + NAMES_HEIGHT, INFO_WIDTH - LEVELS_WIDTH, BARS_HEIGHT)
    draw_gates(axes, result.gates, POINTS)


def _draw_regions(page: Page, x: int, y: int, result: ForgeryResult) -> None:
    page.text(x, y + 8, 'regions, the largest first', CAPTION_POINTS, weight='bold')
    y += CAPTION + 14
    if result.regions:
        _draw_row(page, x, y, ('no.', 'P(fake)', 'pixels', 'from (x, y) to (x, y)'), color=GREY)
    for number, region in enumerate(result.regions[:MAX_NUMBERED], start=1):
        y += LINE
        x1, y1, x2, y2 = region.box
        corners = f'({x1}, {y1}) to ({x2 - 1}, {y2 - 1})'
        _draw_row(page, x, y, (f'{number}', f'{region.score:.3f}', f'{region.area}', corners))
    for words in _closing_words(result):
        y += LINE
        page.text(x, y, words, POINTS, max_width=INFO_WIDTH)


def _draw_row(page: Page, x: int, y: int, cells: Sequence[str], **style) -> None:
    for right, cell in zip(COLUMNS, cells[:-1]):
        page.text(x + right, y, cell, POINTS, ha='right', **style)
    page.text(x + COLUMNS[-1], y, cells[-1], POINTS, max_width=INFO_WIDTH - COLUMNS[-1], **style)


def _closing_words(result: ForgeryResult) -> list[str]:
    """What the list of regions does not show."""
    rest = result.regions[MAX_NUMBERED:]
    if rest:
        low, high = (limit(region.score for region in rest) for limit in (min, max))
        area = sum(region.area for region in rest)
        return [f'and {len(rest)} more, with P(fake) {low:.2f} to {high:.2f},', f'{area} pixels together']
    if result.regions:
        return []
    specks = ' larger than specks' if result.mask.any() else ''
    also = '; the verdict is about the whole picture' if result.label == 'fake' else ''
    return [f'no fake region{specks}{also}']


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Shrink by averaging, enlarge without inventing values."""
    shrinks = image.shape[0] > size[0] or image.shape[1] > size[1]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)


def _resize_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (H, W), bool, at another size, uint8; where it shrinks, the smallest region still makes a pixel."""
    if mask.shape[0] < size[0]:
        return _resize(mask.astype(np.uint8), size)
    for axis, length in enumerate(size):
        mask = np.logical_or.reduceat(mask, np.arange(length) * mask.shape[axis] // length, axis=axis)
    return mask.astype(np.uint8)


def _heat(probability: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    if probability is None:
        return missing(size)
    levels = np.round(probability * np.float16(255)).astype(np.uint8)
    return heat_map(_resize(levels, size) / 255)
