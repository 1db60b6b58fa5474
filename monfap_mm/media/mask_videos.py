"""Reading videos one frame after the other, in constant memory and without trusting them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from .errors import BadInput
from .limits import MAX_PIXELS_OF_SETS as MAX_PIXELS

# How container files begin. FFmpeg goes by content: a playlist called .mp4 would make it open other files.
_SIGNATURES = (
    (4, (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide')),  # MP4, QuickTime
    (0, (b'RIFF',)),  # AVI
    (0, (b'\x1a\x45\xdf\xa3',)),  # Matroska, WebM
)


class Video:
    """An open video file; a context manager.

    Frames are decoded in order, from the first on: OpenCV's seeking misses frames in many files.

    Args:
        path: The file.
        max_pixels: Largest frame.

    Raises:
        BadInput: If the file is no video, does not say how long it is, or has frames that are too large.
    """

    def __init__(self, path: Path, max_pixels: int = MAX_PIXELS) -> None:
        self.path = path
        self._capture = open_capture(path)
        width, height, self.length = (
            int(self._capture.get(key))
            for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
        )
        self._position = 0
        if self.length < 1 or width < 1 or height < 1:
            self.close()
            raise BadInput(f'{path.name} does not say how many frames it has, or of which size')
        if width * height > max_pixels:
            self.close()
            raise BadInput(f'{path.name} has frames of {width} x {height} pixels, too many (--max-pixels)')

    def __enter__(self) -> 'Video':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Release the decoder."""
        self._capture.release()

    def frames(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        """Decode up to each of some frames.

        Args:
            indices: Numbers of frames from 0, ascending.

        Yields:
            The frames, uint8 BGR ``(H, W, 3)``.

        Raises:
            BadInput: If the video ends before, or is damaged there.
        """
        for index in indices:
            if not all(self._capture.grab() for _ in range(self._position, index + 1)):
                raise BadInput(f'{self.path.name} is cut off or damaged before frame {index} of {self.length}')
            self._position = index + 1
            decoded, frame = self._capture.retrieve()
            if not decoded:
                raise BadInput(f'{self.path.name} is damaged at frame {index} of {self.length}')
            yield frame


def open_capture(path: Path) -> cv2.VideoCapture:
    """Open a video file for decoding, turned as its metadata says; nothing but that file is opened.

    Raises:
        BadInput: If the file cannot be read or is no video.
    """
    _check_signature(path)
    # FFmpeg and OpenCV would print what they dislike in every broken file; that it is broken is reported by us.
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        # Bytes, since OpenCV crashes on a name that is not Unicode; absolute, since 'x:y.mp4' would be taken for a URL.
        capture = cv2.VideoCapture(os.fsencode(path.absolute()), cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not capture.isOpened():
        raise BadInput(f'{path.name} is no video that can be decoded, or it is cut off')
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _check_signature(path: Path) -> None:
    try:
        with path.open('rb') as file:
            start = file.read(12)
    except OSError as error:
        raise BadInput(f'Cannot read {path.name}: {error.strerror}') from error
    if not any(start[offset:].startswith(magics) for offset, magics in _SIGNATURES):
        raise BadInput(f'{path.name} is no video file (MP4, MOV, AVI, MKV, WebM), or its beginning is damaged')


def binarize_mask(frame: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Turn a frame of a mask video into a mask.

    Lossy compression leaves grey fringes and specks. Grey values above 127 are fake; then an opening with a square of
    3 x 3 removes what is less than 3 pixels wide, and a closing fills gaps of that size.

    Args:
        frame: Uint8 BGR ``(H', W', 3)``.
        shape: Height and width of the mask to make; the frame is resized to it first.

    Returns:
        Bool ``(H, W)``, True where fake.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if grey.shape != tuple(shape):
        grey = cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_LINEAR)
    mask, square = (grey > 127).astype(np.uint8), np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, square).astype(bool)
