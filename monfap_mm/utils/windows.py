"""Overlapping windows over an image that is too large for one piece."""

from collections.abc import Iterator, Sequence

MODES = ('whole', 'slide')
# Windows overlap by a third, as in mmseg's own configs.
STRIDE = 2 / 3


def default_stride(crop_size: Sequence[int]) -> tuple[int, ...]:
    """Steps from window to window where nobody says otherwise.

    Args:
        crop_size: Height and width of a window.

    Returns:
        Vertical and horizontal step, at least 1.
    """
    return tuple(max(1, round(STRIDE * length)) for length in crop_size)


def windows(size: Sequence[int], crop_size: Sequence[int], stride: Sequence[int]) -> Iterator[tuple[slice, slice]]:
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
