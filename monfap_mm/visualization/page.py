"""A white page that is laid out in pixels from its upper left corner, for screen and print."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from ..utils.printable import printable

DPI = 160
INK, FRAME = '#202020', '#9a9a9a'
# The first one comes with Matplotlib; the others, where they are installed, have the characters that it lacks.
FONTS = ('DejaVu Sans', 'Noto Sans', 'Noto Sans CJK SC', 'Noto Sans CJK JP', 'Microsoft YaHei', 'Arial Unicode MS')


class Page:
    """A page to put pictures, text and plots on.

    It keeps clear of pyplot and its global state, so that threads can draw pages at the same time.

    Args:
        width: In pixels.
        height: In pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = Figure((width / DPI, height / DPI), dpi=DPI, facecolor='white')
        self._canvas = FigureCanvasAgg(self._figure)
        self._pixels = dict(transform=IdentityTransform(), figure=self._figure)

    def picture(self, x: int, y: int, picture: np.ndarray) -> None:
        """Put a picture (H, W, 3), uint8, RGB, with its upper left corner at a point, pixel for pixel, and frame it."""
        height, width = picture.shape[:2]
        bottom = self.height - y - height
        self._figure.figimage(picture, x, bottom, origin='upper')
        # A line around it would be snapped to pixels, and could cover the picture's own.
        self._add(Rectangle((x - 1, bottom - 1), width + 2, height + 2, facecolor=FRAME, linewidth=0), zorder=-1)

    def text(
        self, x: float, y: float, text: str, points: float = 9, max_width: float | None = None, **style
    ) -> tuple[float, float]:
        """Write a line whose middle is at height ``y``; characters without a glyph are escaped.

        Args:
            x: Its left end; with ``ha='right'`` or ``'center'`` in ``style`` that.
            y: Its middle.
            text: Taken as it is, without mathematics.
            points: Size of the font.
            max_width: The middle of a longer text is left out.
            **style: Further properties of Matplotlib's ``Text``.

        Returns:
            Left and right end.
        """
        style = dict(color=INK, va='center_baseline', family=_fonts(), parse_math=False) | style
        line = Text(x, self.height - y, readable(text), fontsize=points, **style)
        self._add(line, zorder=3)
        if max_width is not None:
            self._shorten(line, max_width)
        box = self._extent(line)
        return box.x0, box.x1

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float) -> None:
        """Draw a line through points, ``width`` typographic points wide."""
        x, y = zip(*points)
        self._add(Line2D(x, [self.height - value for value in y], color=color, lw=width), zorder=2)

    def disc(self, x: float, y: float, radius: float) -> None:
        """Draw a white disc with a dark edge."""
        self._add(Circle((x, self.height - y), radius, facecolor='white', edgecolor=INK, lw=0.9), zorder=2.5)

    def axes(self, x: int, y: int, width: int, height: int) -> Axes:
        """Axes whose frame has this upper left corner and size."""
        bottom = self.height - y - height
        box = (x / self.width, bottom / self.height, width / self.width, height / self.height)
        return self._figure.add_axes(box, facecolor='none')

    def render(self) -> np.ndarray:
        """The page, (height, width, 3), uint8, RGB."""
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def _add(self, artist, zorder: float) -> None:
        artist.set(zorder=zorder, **self._pixels)
        self._figure.add_artist(artist)

    def _extent(self, line: Text) -> Bbox:
        return line.get_window_extent(self._canvas.get_renderer())

    def _shorten(self, line: Text, max_width: float) -> None:
        if self._extent(line).width <= max_width:
            return
        text = line.get_text()

        def keep(number: int) -> float:
            line.set_text(f'{text[: (number + 1) // 2]}…{text[len(text) - number // 2 :]}')
            return self._extent(line).width

        keep(bisect_right(range(len(text)), max_width, key=keep) - 1)


def readable(text: str) -> str:
    r"""Escape what does not print, and what no font has a glyph for: ``\u7167`` says more than an empty box."""
    known = _characters()
    return ''.join(char if ord(char) in known else char.encode('unicode_escape').decode() for char in printable(text))


@cache
def _fonts() -> tuple[str, ...]:
    installed = set(font_manager.get_font_names())
    return tuple(name for name in FONTS if name in installed)


@cache
def _characters() -> frozenset[int]:
    files = [font_manager.findfont(font_manager.FontProperties(family=name)) for name in _fonts()]
    return frozenset().union(*(font_manager.get_font(file).get_charmap() for file in files))
