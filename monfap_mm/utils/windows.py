"""Overlapping windows over an image that is too large for one piece."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

MODES = ('whole', 'slide')
# How windows make up the score of an image: it is as fake as its most fake window, or as their mean.
WINDOW_SCORES = ('max', 'mean')
# Windows overlap by a third, as in mmseg's own configs.
STRIDE = 2 / 3

Window = tuple[slice, slice]
# A NumPy array or a tensor: both are added and divided alike.
Map = TypeVar('Map', bound=Any)


def default_stride(crop_size: Sequence[int]) -> tuple[int, ...]:
    """Steps from window to window where nobody says otherwise.

    Args:
        crop_size: Height and width of a window.

    Returns:
        Vertical and horizontal step, at least 1.
    """
    return tuple(max(1, round(STRIDE * length)) for length in crop_size)


def windows(size: Sequence[int], crop_size: Sequence[int], stride: Sequence[int]) -> Iterator[Window]:
    """Windows that cover an image; the last ones are moved back inside. All arguments are (vertical, horizontal).

    Args:
        size: Height and width of the image.
        crop_size: Those of a window; an image that is smaller is one window.
        stride: Steps from window to window.

    Yields:
        Rows and columns of a window, row by row.
    """
    starts = []
    for length, crop, step in zip(size, crop_size, stride):
        last = max(length - crop, 0)
        starts.append([*range(0, last, step), last])
    for top in starts[0]:
        for left in starts[1]:
            yield slice(top, top + crop_size[0]), slice(left, left + crop_size[1])


def average_windows(
    parts: Iterable[tuple[Window, Sequence[Map]]], size: Sequence[int], zeros: Callable[[tuple[int, ...]], Map]
) -> list[Map]:
    """Put maps of windows together; what windows share is averaged.

    Args:
        parts: For each window its place and its maps, (..., h, w); taken one by one, and not kept.
        size: Height and width of the image.
        zeros: Makes a map of a shape that is zero everywhere.

    Returns:
        As many maps, (..., H, W).
    """
    totals, count = [], zeros(tuple(size))
    for window, maps in parts:
        totals = totals or [zeros((*one.shape[:-2], *size)) for one in maps]
        for total, one in zip(totals, maps, strict=True):
            total[(..., *window)] += one
        count[window] += 1
    return [total / count for total in totals]
