"""Frames of a video, one after the other, with the times at which they are shown."""

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from .errors import BadInput
from .headers import check_file
from .limits import MAX_PIXELS_OF_ANSWERS as MAX_PIXELS
from .mask_videos import open_capture

# Rates outside are no rates but units of time, such as the milliseconds of a browser's recording.
MAX_RATE, DEFAULT_RATE = 240, 25
# Matroska and WebM announce seconds, not frames; those of the sound count too.
SECONDS_TOLERANCE = 1.0
# A grid point in the middle between two frames belongs to the later one, however their times are rounded.
_ROUNDING = 1e-4


class Frame(NamedTuple):
    """A frame of a video.

    Attributes:
        index (int): Its number, from 0.
        time (float): When it is shown, in seconds from the first frame of the file, rounded to microseconds.
        image (np.ndarray): (H, W, 3), uint8, BGR, turned as the file says.
    """

    index: int
    time: float
    image: np.ndarray


class VideoReader:
    """The frames of a video file in their order, decoded when they are asked for; to iterate over once.

    A file that is cut off or damaged gives the frames that can be decoded, and :attr:`note` says so afterwards.

    Args:
        path: The file.
        max_pixels: Videos with larger frames are refused before any is decoded. Default: 89 million.

    Attributes:
        rate: Frames a second, as the file has it; 25 where it has none, or more than 240.
        size: Height and width of the frames; None before the first one.
        seen: Number of frames decoded so far.
        duration: Seconds from the first frame to the end of the last one decoded so far.

    Raises:
        BadInput: If the file cannot be read, is no video, or its frames are too large.
    """

    def __init__(self, path: str, max_pixels: int = MAX_PIXELS) -> None:
        check_file(path)
        self._capture = open_capture(Path(path))
        width, height, self._announced = (
            int(self._capture.get(key))
            for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
        )
        if width * height > max_pixels:
            self.close()
            raise BadInput(
                f'{path} has frames of {width} x {height} pixels, more than {max_pixels / 1e6:g} million (--max-pixels)'
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= MAX_RATE else float(DEFAULT_RATE)
        announces_seconds = _is_matroska(path) or rate > MAX_RATE
        self._announced_seconds = self._announced / rate if announces_seconds and rate > 0 else None
        self._start = self._last = 0.0
        self.size: tuple[int, int] | None = None
        self.seen = 0
        self.duration = 0.0

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Release the decoder."""
        self._capture.release()

    def __iter__(self) -> Iterator[Frame]:
        while self._capture.grab():
            index, time = self.seen, self._time()
            self.seen, self._last, self.duration = index + 1, time, time + 1 / self.rate
            decoded, image = self._capture.retrieve()
            if decoded:
                self.size = self.size or image.shape[:2]
                yield Frame(index, time, image)

    def _time(self) -> float:
        """The container's time of the frame that was just grabbed; where times do not grow, they follow the rate."""
        time = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self.seen == 0:
            self._start = time
            return 0.0
        time = round(time - self._start, 6)
        return time if time > self._last else round(self._last + 1 / self.rate, 6)

    @property
    def codec(self) -> str:
        """The four letters of the codec, such as avc1 for H.264."""
        number = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        letters = number.to_bytes(4, 'little').decode('latin-1')
        return letters if letters.isprintable() else f'{number:#x}'

    @property
    def note(self) -> str | None:
        """What is missing of a video whose end was reached; None if nothing is."""
        if self._announced_seconds is not None:
            missing = self.duration < self._announced_seconds - SECONDS_TOLERANCE
        else:
            missing = self.seen < self._announced
        if not missing:
            return None
        announced = max(self._announced, self.seen)
        return f'{self.seen} of {announced} frames could be read: the file is cut off, damaged or trimmed'


def choose_frames(video: VideoReader, every: int = 1, fps: float | None = None) -> Iterator[Frame]:
    """Those frames of a video that are to be predicted; the first one is always among them.

    Args:
        video: The video.
        every: Every how many frames one is taken, from 1. Default: 1, all of them.
        fps: In place of ``every``, the frames that are nearest to the times 0, 1 / fps, 2 / fps..., each once. In the
            middle between two frames the later one is taken.

    Yields:
        The frames, in their order.
    """
    return islice(video, 0, None, every) if fps is None else _nearest(video, fps)


def _nearest(video: VideoReader, fps: float) -> Iterator[Frame]:
    """Frames whose surroundings, up to the middle to the next frame on either side, hold a point of the grid."""
    before, held = 0, None
    for frame in video:
        if held is not None:
            points = _points_before((held.time + frame.time) / 2, fps)
            if points > before:
                yield held
            before = points
        held = frame
    if held is not None and _points_before(video.duration - 0.5 / video.rate, fps) > before:
        yield held


def _points_before(time: float, fps: float) -> int:
    """How many of the times 0, 1 / fps, 2 / fps... lie before a time."""
    return math.ceil(time * fps - _ROUNDING)


def _is_matroska(path: str) -> bool:
    with open(path, 'rb') as file:
        return file.read(4) == b'\x1a\x45\xdf\xa3'
