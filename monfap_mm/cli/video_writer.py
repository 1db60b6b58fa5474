"""Encoding a video that a kill, a full disk or Ctrl-C never leaves half finished."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ..media.errors import BadInput

try:
    import av
    from av.video.reformatter import ColorRange, Colorspace
except ImportError:
    av = None

# Of MP4's clock, in seconds: finer than any frame rate needs.
TICK = Fraction(1, 90_000)
# Visually lossless, at a speed that does not hold the model up.
H264_OPTIONS = dict(preset='veryfast', crf='20')


class VideoWriter:
    """Writes an MP4 under a temporary name; a context manager, which removes it unless it was finished.

    With PyAV (extra ``video``) it is H.264, which browsers play, with the frames at their times. Without, it is MPEG-4
    Part 2 by OpenCV, which players such as VLC play, with the frames at a constant rate.

    Args:
        path: Where to.
        rate: Frames a second.
        size: Height and width of the frames; both codecs leave out an odd last row or column.

    Raises:
        BadInput: If the codec takes no frames of that size.
        OSError: If the file cannot be written.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self._path, self._temporary = path, path.with_name(f'{path.stem}.tmp.mp4')
        self._size = tuple(max(2, side // 2 * 2) for side in size)
        try:
            self._encoder = (_OpenCV if av is None else _PyAV)(self._temporary, rate, self._size)
        except EncoderError as error:
            self._temporary.unlink()
            raise BadInput(
                f'{path.name}: {size[1]} x {size[0]} pixels at {rate:g} a second cannot be encoded ({error}); '
                '--out - answers without drawing'
            ) from error

    def __enter__(self) -> 'VideoWriter':
        return self

    def __exit__(self, *_) -> None:
        self._encoder.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, image: np.ndarray, time: float) -> None:
        """Encode a frame (H, W, 3), uint8, BGR, that is shown at a time in seconds."""
        height, width = self._size
        if image.shape[0] < height or image.shape[1] < width:
            image = cv2.resize(image, (width, height))  # a file may change its size on the way
        self._encoder.write(np.ascontiguousarray(image[:height, :width]), time)

    def finish(self) -> None:
        """Write what is left, and give the file its name."""
        self._encoder.finish()
        os.replace(self._temporary, self._path)


class EncoderError(Exception):
    """The codec does not take such frames."""


class _PyAV:
    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self._ticks = -1
        self._file = open(path, 'wb')  # noqa: SIM115  (closed by close; PyAV takes no name that is not Unicode)
        self._container = av.open(self._file, 'w', format='mp4')
        self._stream = self._container.add_stream('libx264', rate=Fraction(rate).limit_denominator(1001))
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = TICK
        # As frames are converted by default; players would guess BT.709 for large ones.
        self._stream.codec_context.colorspace = Colorspace.ITU601
        self._stream.codec_context.color_range = ColorRange.MPEG
        self._stream.options = H264_OPTIONS
        try:
            self._stream.codec_context.open()
        except av.FFmpegError as error:
            self.close()
            raise EncoderError(error) from error

    def write(self, image: np.ndarray, time: float) -> None:
        frame = av.VideoFrame.from_ndarray(image, format='bgr24')
        self._ticks = max(round(time / TICK), self._ticks + 1)
        frame.pts, frame.time_base = self._ticks, TICK
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._file.close()

    def close(self) -> None:
        with suppress(OSError):  # of a full disk, which was told before
            self._file.close()


class _OpenCV:
    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self._path, self._written = path, 0
        path.write_bytes(b'')  # says why if it cannot be, which OpenCV does not
        self._writer = cv2.VideoWriter(
            os.fsencode(path.absolute()), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*'mp4v'), rate, size[::-1]
        )
        if not self._writer.isOpened():
            raise EncoderError('OpenCV, MPEG-4')

    def write(self, image: np.ndarray, time: float) -> None:
        self._writer.write(image)
        self._written += 1

    def finish(self) -> None:
        self._writer.release()
        # OpenCV is silent about a full disk.
        found = cv2.VideoCapture(os.fsencode(self._path.absolute()), cv2.CAP_FFMPEG).get(cv2.CAP_PROP_FRAME_COUNT)
        if found != self._written:
            raise OSError(f'{self._path} could not be written to its end: is the disk full?')

    def close(self) -> None:
        self._writer.release()
