"""Frames of a video, one after the other, with the times at which they are shown; decoded by PyAV."""

import io
import math
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np

from ..distribution import install_extra
from .errors import BadInput
from .headers import check_file
from .limits import MAX_PIXELS_OF_ANSWERS
from .orientation import UPRIGHT, as_shown, matrix_orientation

try:
    import av
except ModuleNotFoundError:
    av, _ERRORS = cast(Any, None), ()
else:
    av.logging.set_level(None)  # FFmpeg would print what it dislikes; what matters is reported here
    # What PyAV raises for damage; the last two where the number of streams, or the form of frames, changes on the way.
    _ERRORS = (av.FFmpegError, OSError, IndexError, ValueError)

VIDEO_EXTRA = f'videos need PyAV, the extra "video": {install_extra("video")}'
# How files begin, and FFmpeg's reader for them. It goes by content: of its own accord, it would take a playlist called
# .mp4 for one, and open other files and addresses.
_FORMATS = (
    (4, (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide'), 'mov'),  # MP4, QuickTime, 3GP
    (0, (b'RIFF',), 'avi'),
    (0, (b'\x1a\x45\xdf\xa3',), 'matroska'),  # WebM too
    (0, (b'\x30\x26\xb2\x75\x8e\x66\xcf\x11',), 'asf'),  # WMV
    (0, (b'\0\0\1\xba',), 'mpeg'),
    (0, (b'\0\0\1\xb3',), 'mpegvideo'),
)
_PACKET_OF_TRANSPORT_STREAM, _SYNC = 188, 0x47
_THREADS = 4
# Rates outside are no rates but units of time, such as the milliseconds of a browser's recording.
MAX_RATE, DEFAULT_RATE = 240, 25
# Containers that announce seconds, not frames, count those of the sound too.
SECONDS_TOLERANCE = 1.0
# Pixels that are wider or narrower are a damaged header.
_MAX_ASPECT = 4
# A grid point in the middle between two frames belongs to the later one, however their times are rounded.
_ROUNDING = 1e-4


class Frame(NamedTuple):
    """A frame of a video.

    Attributes:
        index: Its number, from 0.
        time: When it is shown, in seconds from the first frame of the file, rounded to microseconds.
        image: (H, W, 3), uint8, BGR, turned as the file says; its pixels are square.
    """

    index: int  # type: ignore[assignment]  # not the method of tuples
    time: float
    image: np.ndarray


class _File(io.FileIO):
    """A file in which a seek to nowhere fails as FFmpeg expects it, without an exception."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return -1


class VideoReader:
    """The frames of a video file in their order, decoded when they are asked for; to iterate over once.

    A file that is cut off or damaged gives the frames that can be decoded, and :attr:`note` says so afterwards, also
    of frames of which the decoder made up a part. No other file is opened, whatever is in this one.

    Args:
        path: The file.
        max_pixels: Videos with larger frames are refused before any is decoded.
        aspect: Width of a pixel over its height, in place of what the file says.

    Attributes:
        rate: Frames per second, as the file has it; 25 where it has none, or more than 240.
        aspect: Width of a stored pixel over its height.
        size: Height and width of the frames; None before the first one.
        seen: Number of frames decoded so far.
        duration: Seconds from the first frame to the end of the last one decoded so far.

    Raises:
        BadInput: If the file cannot be read, is no video, or its frames are too large; if PyAV is not installed.
    """

    def __init__(
        self, path: str | Path, max_pixels: int = MAX_PIXELS_OF_ANSWERS, aspect: Fraction | None = None
    ) -> None:
        self.path, self.max_pixels = Path(path), max_pixels
        check_file(str(path))
        if av is None:
            raise BadInput(f'{path}: {VIDEO_EXTRA}')
        try:
            self._file = _File(path)
        except OSError as error:
            raise BadInput(f'{path}: {error.strerror}') from error
        try:
            self._open(aspect)
        except BaseException:
            self.close()
            raise
        self.size: tuple[int, int] | None = None
        self.seen = self._packets = 0
        self.duration = self._start = self._last = 0.0
        self._concealed = 0
        self._is_damaged = False

    _container: 'av.container.InputContainer | None' = None

    def _open(self, aspect: Fraction | None) -> None:
        # Nothing that the file names may be opened.
        options = {'protocol_whitelist': 'none'}
        try:
            self._container = av.open(self._file, format=_format_of(self._file, self.path), options=options)
        except _ERRORS as error:
            raise BadInput(f'{self.path} is no video that can be decoded, or it is cut off') from error
        covers = av.stream.Disposition.attached_pic
        streams = [stream for stream in self._container.streams.video if not stream.disposition & covers]
        if not streams:
            raise BadInput(f'{self.path} has no pictures, or it is cut off')
        self._stream = stream = streams[0]
        self._container_duration = self._container.duration  # not to be had once the file is closed
        context = stream.codec_context
        if context is None:
            raise BadInput(f'{self.path}: FFmpeg does not know its codec: convert it to H.264')
        context.thread_count, context.options = _THREADS, {'max_pixels': str(self.max_pixels)}
        context.thread_type = 'AUTO'
        self.aspect = aspect or _plausible(stream.sample_aspect_ratio)
        width, height = _shown_size(context.width, context.height, self.aspect)
        if max(width * height, context.width * context.height) > self.max_pixels:
            limit = f'{self.max_pixels / 1e6:g} million (--max-pixels)'
            raise BadInput(f'{self.path} has frames of {width} x {height} pixels, more than {limit}')
        rate = stream.average_rate or stream.base_rate
        # What counts milliseconds as frames announces milliseconds too.
        self._counts_frames = bool(rate) and 0 < rate <= MAX_RATE
        self.rate = float(rate) if self._counts_frames else float(DEFAULT_RATE)

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Release the decoder."""
        if self._container is not None:
            self._container.close()
        self._file.close()

    def __iter__(self) -> Iterator[Frame]:
        for index, time, frame in self._decoded():
            yield Frame(index, time, self._image(frame))

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Decode up to each of some frames; those between are not converted.

        Args:
            indices: Numbers of frames from 0, ascending.

        Yields:
            The frames, (H, W, 3), uint8, BGR.

        Raises:
            BadInput: If the video ends before, or is damaged.
        """
        decoded = self._decoded()
        for wanted in indices:
            frame = next((frame for index, _, frame in decoded if index == wanted), None)
            if frame is None or self._is_damaged or self._concealed:
                raise BadInput(f'{self.path.name} is cut off or damaged at frame {wanted}')
            yield self._image(frame)

    @cached_property
    def length(self) -> int:
        """Number of frames. They are counted: what headers say is often wrong.

        Raises:
            BadInput: If the video is damaged, or has none.
        """
        with VideoReader(self.path, self.max_pixels) as video:
            length = sum(1 for _ in video._decoded())
            if video._is_damaged or video._concealed or not length:
                sound = length - video._concealed
                raise BadInput(f'{self.path.name} is cut off or damaged: {sound} frames can be decoded')
        return length

    def _decoded(self) -> Iterator[tuple[int, float, 'av.VideoFrame']]:
        """Number, time and undecoded pixels of each frame."""
        for frame in self._frames():
            index, time = self.seen, self._time(frame)
            self.seen, self._last = index + 1, time
            self.duration = round(time + self._seconds(frame), 6)
            yield index, time, frame
        # Where frames are stored out of order, the duration that stands at the last one may be another frame's.
        if self.note is None and self._announced_end() > self._last:
            self.duration = round(self._announced_end(), 6)

    def _frames(self) -> Iterator['av.VideoFrame']:
        assert self._container is not None  # open
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except _ERRORS:
                packet = None
                self._is_damaged = True
            if packet is None:
                return
            self._packets += packet.size > 0
            try:
                frames = packet.decode()
            except _ERRORS:
                self._is_damaged = True
                continue
            for frame in frames:
                self._concealed += frame.is_corrupt
                yield frame

    def _shown_at(self, frame: 'av.VideoFrame') -> float | None:
        """The container's time of a frame."""
        return frame.time

    def _time(self, frame: 'av.VideoFrame') -> float:
        """Seconds from the first frame; where the container's times do not grow, they follow the rate."""
        time = self._shown_at(frame)
        time = math.nan if time is None else time
        if self.seen == 0:
            self._start = 0.0 if math.isnan(time) else time
            return 0.0
        time = round(time - self._start, 6)
        return time if time > self._last else round(self._last + 1 / self.rate, 6)

    def _seconds(self, frame: 'av.VideoFrame') -> float:
        """How long a frame is shown, as far as it says so itself."""
        seconds = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
        return seconds if seconds > 0 else 1 / self.rate

    def _image(self, frame: 'av.VideoFrame') -> np.ndarray:
        try:
            image = frame.to_ndarray(format='bgr24')
        except _ERRORS as error:
            raise BadInput(f'{self.path}: frame {self.seen - 1} cannot be converted: {error}') from error
        shown = _shown_size(frame.width, frame.height, self.aspect)
        if shown != (frame.width, frame.height):
            image = cv2.resize(image, shown, interpolation=cv2.INTER_LINEAR)
        image = as_shown(image, _orientation(frame))
        self.size = self.size or image.shape[:2]
        return image

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec, such as h264."""
        return self._stream.codec_context.name

    @property
    def note(self) -> str | None:
        """What is missing or made up in a video whose end was reached; None if nothing is."""
        announced = self._stream.frames if self._counts_frames else 0
        end, part = self._announced_end(), f'{self.seen} frames'
        if announced:
            # Packets, since not all of them are to be shown.
            is_short = self._packets < announced
            part = f'{self.seen} of {max(announced, self.seen)} frames'
        elif is_short := self.duration < end - SECONDS_TOLERANCE:
            # How many frames the rest has is not known: the rate may vary.
            part = f'{self.seen} frames, {self.duration:.1f} of {end:.1f} s,'
        notes = []
        if self._is_damaged or is_short:
            notes.append(f'{part} could be read: the file is cut off, damaged or trimmed')
        if self._concealed:
            # Frames that follow from them are not marked.
            concealed = f'at least {self._concealed} of {self.seen}'
            notes.append(f'damaged frames whose missing parts the decoder made up: {concealed}')
        return '; '.join(notes) or None

    def _announced_end(self) -> float:
        """Seconds from the first frame to the end of the video, as the container says; 0 if it does not."""
        stream = self._stream
        if stream.duration:
            return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - self._start
        # Matroska counts from 0, not from its first frame.
        return self._container_duration / av.time_base - self._start if self._container_duration else 0.0


def _format_of(file, path: Path) -> str:
    """FFmpeg's name of the container, by how the file begins."""
    start = file.read(2 * _PACKET_OF_TRANSPORT_STREAM + 20)
    file.seek(0)
    for offset, signatures, name in _FORMATS:
        if start[offset:].startswith(signatures):
            return name
    # Cameras put four bytes before each packet of a transport stream (.mts).
    for first, step in ((0, _PACKET_OF_TRANSPORT_STREAM), (4, _PACKET_OF_TRANSPORT_STREAM + 4)):
        if start[first : first + 1 + step : step] == bytes([_SYNC, _SYNC]):
            return 'mpegts'
    kinds = 'MP4, MOV, AVI, MKV, WebM, WMV, MPEG'
    raise BadInput(f'{path} is no video file ({kinds}), or its beginning is damaged')


def _plausible(aspect: Fraction | None) -> Fraction:
    return aspect if aspect and Fraction(1, _MAX_ASPECT) <= aspect <= _MAX_ASPECT else Fraction(1)


def _shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height with square pixels; as players do, the width changes."""
    return round(width * aspect), height


def _orientation(frame: 'av.VideoFrame') -> int:
    matrix = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if matrix is None:
        return UPRIGHT
    values = np.frombuffer(matrix, np.int32).tolist()
    return matrix_orientation(values[0:2], values[3:5])


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
    if held is not None and _points_before((held.time + video.duration) / 2, fps) > before:
        yield held


def _points_before(time: float, fps: float) -> int:
    """How many of the times 0, 1 / fps, 2 / fps... lie before a time."""
    return math.ceil(time * fps - _ROUNDING)
