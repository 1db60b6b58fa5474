"""Building blocks of a picture: panels of bounded size with captions, side by side."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..utils.fit_size import fit_size

# A panel is as high as its image within these bounds, so that text is legible on small images and files of large
# ones stay small.
MIN_HEIGHT, MAX_HEIGHT = 256, 384
MIN_WIDTH, MAX_WIDTH = 256, 576
CAPTION_HEIGHT, GAP = 30, 8
FONT_SIZE = 19
PAPER, INK, FAINT = (255, 255, 255), (32, 32, 32), (226, 226, 226)


def panel_size(height: int, width: int) -> tuple[int, int]:
    """Size at which an image is shown, with its aspect ratio.

    Args:
        height: Height of the image in pixels.
        width: Its width.

    Returns:
        Height and width: 256 to 384 pixels high, or less where the width would exceed 576.
    """
    return fit_size((height, width), (np.clip(height, MIN_HEIGHT, MAX_HEIGHT), MAX_WIDTH))


def resize(image: np.ndarray, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Resize an image (H, W) or (H, W, 3) to a height and width; without aliasing when it shrinks."""
    height, width = size
    shrinks = image.shape[0] > height or image.shape[1] > width
    if shrinks and interpolation == cv2.INTER_LINEAR:
        interpolation = cv2.INTER_AREA
    return cv2.resize(image, (width, height), interpolation=interpolation)


def gray_mask(mask: np.ndarray) -> np.ndarray:
    """Show a mask: real black, fake white, anything else (ignored pixels) gray.

    Args:
        mask: 0 real, 1 fake, (H, W).

    Returns:
        Picture (H, W, 3), uint8.
    """
    picture = np.full((*mask.shape, 3), 128, np.uint8)
    picture[mask == 0] = 0
    picture[mask == 1] = 255
    return picture


def heat_map(probability: np.ndarray) -> np.ndarray:
    """Show probabilities from black over red to light yellow.

    Args:
        probability: 0 to 1, (H, W).

    Returns:
        Picture (H, W, 3), uint8, RGB.
    """
    levels = np.round(255 * np.clip(probability, 0, 1)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def overlay(image: np.ndarray, mask: np.ndarray, color: Sequence[int], alpha: float) -> np.ndarray:
    """Tint and outline the fake pixels of an image.

    Args:
        image: Picture (H, W, 3), uint8, RGB.
        mask: 1 where fake, (H, W).
        color: RGB, 0 to 255.
        alpha: Opacity of the tint, 0 to 1.

    Returns:
        Picture (H, W, 3), uint8, RGB.
    """
    fake = (mask == 1).astype(np.uint8)
    # A table of what becomes of each value: many times faster than arithmetic on the pixels of a video.
    table = np.round((1 - alpha) * np.arange(256)[:, None] + alpha * np.array(color)).astype(np.uint8)
    tinted = cv2.copyTo(cv2.LUT(image, table[None]), fake, image.copy())
    outlines, _ = cv2.findContours(fake, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    # A white line around the colored one: seen on any image.
    for line, width in (((255, 255, 255), 4), (tuple(color), 2)):
        cv2.drawContours(tinted, outlines, -1, line, width, cv2.LINE_AA)
    return tinted


def missing(size: tuple[int, int]) -> np.ndarray:
    """A panel for something that the sample does not have."""
    picture = Image.new('RGB', size[::-1], FAINT)
    center = (size[1] / 2, size[0] / 2)
    ImageDraw.Draw(picture).text(center, 'n/a', INK, ImageFont.load_default(FONT_SIZE), anchor='mm')
    return np.array(picture)


def center(picture: np.ndarray) -> np.ndarray:
    """Put a picture (H, W, 3) into the middle of a panel that is at least 256 pixels high and wide."""
    height, width = picture.shape[:2]
    panel = np.full((max(MIN_HEIGHT, height), max(MIN_WIDTH, width), 3), PAPER, np.uint8)
    top, left = (panel.shape[0] - height) // 2, (panel.shape[1] - width) // 2
    panel[top : top + height, left : left + width] = picture
    return panel


def write_tag(panel: np.ndarray, text: str, color: Sequence[int], font_size: float = FONT_SIZE) -> np.ndarray:
    """Write on a colored tag in the upper left corner of a panel (H, W, 3); returns a new one."""
    picture = Image.fromarray(panel)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(font_size)
    left, top, right, bottom = draw.textbbox((12, 8), text, font)
    draw.rectangle((left - 6, top - 5, right + 6, bottom + 5), tuple(color), PAPER)
    draw.text((12, 8), text, PAPER, font)
    return np.array(picture)


def side_by_side(panels: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """Set panels of one height side by side, each under its caption.

    Args:
        panels: Captions and panels (H, W, 3), uint8, RGB.

    Returns:
        Picture (H', W', 3), uint8, RGB.
    """
    font = ImageFont.load_default(FONT_SIZE)
    height = panels[0][1].shape[0]
    width = sum(panel.shape[1] + GAP for _, panel in panels) + GAP
    canvas = Image.new('RGB', (width, height + CAPTION_HEIGHT + GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    left = GAP
    for caption, panel in panels:
        draw.text((left + panel.shape[1] / 2, CAPTION_HEIGHT / 2), caption, INK, font, anchor='mm')
        canvas.paste(Image.fromarray(panel), (left, CAPTION_HEIGHT))
        left += panel.shape[1] + GAP
    return np.array(canvas)
