"""Encoding a video that a kill, a full disk or Ctrl-C never leaves half finished."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from ..media.errors import BadInput
from ..media.videos import VIDEO_EXTRA
from ..utils.atomic_write import name_aside, put_in_place

try:
    import av
    from av.video.reformatter import ColorRange, Colorspace
except ModuleNotFoundError:
    av = cast(Any, None)

# Of MP4's clock, in seconds: finer than any frame rate needs.
TICK = Fraction(1, 90_000)
# Visually lossless, at a speed that does not hold the model up.
H264_OPTIONS = dict(preset='veryfast', crf='20')


class VideoWriter:
    """Writes an MP4 of H.264, which browsers play, under a temporary name; a context manager.

    Without :meth:`finish`, the file is removed.

    Args:
        path: Where to.
        rate: Frames per second.
        size: Height and width of the frames; the codec leaves out an odd last row or column.

    Raises:
        BadInput: If the codec takes no frames of that size; if PyAV is not installed.
        OSError: If the file cannot be written.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        if av is None:
            raise BadInput(f'{path.name}: {VIDEO_EXTRA}')
        self._path, self._temporary = path, name_aside(path)
        self._size, self._ticks = tuple(max(2, side // 2 * 2) for side in size), -1
        self._file = open(self._temporary, 'wb')  # noqa: SIM115  (PyAV takes no name that is not Unicode)
        self._container = av.open(self._file, 'w', format='mp4')
        self._stream = self._container.add_stream('libx264', rate=Fraction(rate).limit_denominator(1001))
        self._stream.height, self._stream.width = self._size
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = TICK
        # As frames are converted by default; players would guess BT.709 for large ones.
        self._stream.codec_context.colorspace = Colorspace.ITU601
        self._stream.codec_context.color_range = ColorRange.MPEG
        self._stream.options = H264_OPTIONS
        try:
            self._stream.codec_context.open()
        except av.FFmpegError as error:
            self.__exit__()
            raise BadInput(
                f'{path.name}: {size[1]} x {size[0]} pixels at {rate:g} per second cannot be encoded ({error}); '
                '--out - answers without drawing'
            ) from error

    def __enter__(self) -> 'VideoWriter':
        return self

    def __exit__(self, *_) -> None:
        with suppress(OSError):  # of a full disk, which was told before
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, image: np.ndarray, time: float) -> None:
        """Encode a frame (H, W, 3), uint8, BGR, that is shown at a time in seconds."""
        height, width = self._size
        if image.shape[0] < height or image.shape[1] < width:
            image = cv2.resize(image, (width, height))  # a file may change its size on the way
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format='bgr24')
        self._ticks = max(round(time / TICK), self._ticks + 1)
        frame.pts, frame.time_base = self._ticks, TICK
        self._container.mux(self._stream.encode(frame))

    def finish(self, end: float | None = None) -> None:
        """Write what is left, and give the file its name; the last frame is shown until ``end``, in seconds."""
        packets = self._stream.encode(None)
        if end is not None:
            for packet in packets:  # the last one counts
                packet.duration = max(1, round((Fraction(end) - self._ticks * TICK) / packet.time_base))
        self._container.mux(packets)
        self._container.close()
        self._file.close()
        put_in_place(self._temporary, self._path)
