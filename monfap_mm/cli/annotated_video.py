"""A video with the answers for its frames drawn in."""

from pathlib import Path

import numpy as np

from ..media.errors import BadInput
from ..media.videos import Frame, VideoReader
from ..structures import CLASSES, PALETTE, ForgeryResult
from ..utils.known import known
from ..visualization.panels import overlay, write_tag
from ..visualization.prediction_panel import ALPHA
from ..visualization.timeline import clock
from .video_writer import VideoWriter

MIN_FONT, FONT_SHARE = 10, 0.04
NO_ANSWER = (96, 96, 96)


class AnnotatedVideo:
    """Draws the answers of frames into a video; a context manager.

    The video is decoded a second time, beside the prediction: frames between two predicted ones, which show the answer
    of the one before, would otherwise have to wait in memory for it.

    Args:
        source: The video.
        path: The MP4 to write; it is there once :meth:`finish` has returned.
        max_pixels: As for :class:`VideoReader`.
    """

    def __init__(self, source: str, path: Path, max_pixels: int) -> None:
        self._source, self._path, self._max_pixels = source, path, max_pixels
        self._reader: VideoReader | None = None
        self._writer: VideoWriter | None = None
        self._answer: ForgeryResult | None = None
        self._waiting: Frame | None = None

    def __enter__(self) -> 'AnnotatedVideo':
        return self

    def __exit__(self, *_) -> None:
        if self._writer is not None:
            self._writer.__exit__()
        if self._reader is not None:
            self._reader.close()

    def add(self, index: int, answer: ForgeryResult) -> None:
        """Draw the answer of the frame ``index`` into it and, unless a later one is added, into those that follow.

        Raises:
            OSError: If the video cannot be written.
        """
        if self._reader is None:
            self._open()
        self._write_until(index)
        self._answer = answer

    def finish(self) -> None:
        """Write the rest of the video, and give it its name.

        Raises:
            OSError: If it cannot be written.
        """
        self._write_until(None)
        known(self._writer).finish(known(self._reader).duration)

    def _open(self) -> None:
        self._reader = VideoReader(self._source, self._max_pixels)
        self._frames = iter(self._reader)
        self._waiting = next(self._frames, None)
        if self._waiting is None:
            raise BadInput(f'{self._source} changed while it was read')
        self._writer = VideoWriter(self._path, self._reader.rate, known(self._reader.size))

    def _write_until(self, index: int | None) -> None:
        while self._waiting is not None and (index is None or self._waiting.index < index):
            known(self._writer).write(draw_answer(self._waiting, known(self._answer)), self._waiting.time)
            self._waiting = next(self._frames, None)


def draw_answer(frame: Frame, answer: ForgeryResult) -> np.ndarray:
    """A frame with its fake pixels tinted and outlined, its time and P(fake) written on it.

    Args:
        frame: The frame.
        answer: The answer for it, or for an earlier one.

    Returns:
        Picture (H, W, 3), uint8, BGR.
    """
    image, text, color = frame.image, 'no answer', NO_ANSWER
    if answer.error is None:
        label, mask = known(answer.label), known(answer.mask)
        text, color = f'P(fake) {answer.score:.2f}  {label}', PALETTE[CLASSES.index(label)]
        if mask.any() and answer.size == image.shape[:2]:
            image = overlay(image, mask, PALETTE[1][::-1], ALPHA)
    size = max(MIN_FONT, FONT_SHARE * image.shape[0])
    return write_tag(image, f'{clock(frame.time)}  {text}', color[::-1], size)
