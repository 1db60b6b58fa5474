"""Which frames of a video become images: at most ten with two or more faces, at regular intervals (Sec. IV-A)."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..jobs.output_files import write_file
from ..media.errors import BadInput
from ..media.limits import MAX_PIXELS_OF_SETS
from ..media.videos import VideoReader
from .faces import FaceDetector
from .spacing import middles, spread

MIN_FACES = 2
# Frames of two videos that belong together may be this far apart in number: encoders drop the last ones.
_LENGTH_SLACK = 2
# 29.97 and 30 frames per second are one rate, rounded.
_RATE_SLACK = 1.005


class Chosen(NamedTuple):
    """A frame that was chosen.

    Attributes:
        index: Its number in the video, from 0.
        faces: How many faces the detector found in it.
    """

    index: int
    faces: int


@dataclass(frozen=True)
class Sampling:
    """The rule by which frames are taken, and the form in which they are kept.

    Faces are looked for in ``candidates`` frames, the middles of as many equal parts of the video. Of those with two or
    more faces, ``frames`` are taken: all, if there are no more, else every so-many-th, the first and the last included.

    Attributes:
        detector: Finds the faces.
        frames: Largest number of frames of a video.
        candidates: Number of frames in which faces are looked for.
        jpeg_quality: Quality of the images, 1 to 100; None for PNG, which adds no trace of its own.
        max_pixels: Largest frame.
    """

    detector: FaceDetector
    frames: int = 10
    candidates: int = 40
    jpeg_quality: int | None = None
    max_pixels: int = MAX_PIXELS_OF_SETS

    def describe(self) -> dict:
        """What the result depends on, ready for JSON."""
        return {
            **self.detector.describe(),
            'frames': self.frames,
            'candidates': self.candidates,
            'jpeg_quality': self.jpeg_quality,
            'max_pixels': self.max_pixels,
        }

    def open(self, path: Path, like: VideoReader | None = None) -> VideoReader:
        """Open a video within the limits; a video of masks has pixels as wide as those of the video that it is of."""
        return VideoReader(path, self.max_pixels, like.aspect if like is not None else None)

    def choose(self, path: Path, length: int | None = None) -> list[Chosen]:
        """Choose frames of a video.

        Args:
            path: The video.
            length: Choose among the first so many frames; default: all.

        Raises:
            BadInput: If the video is damaged or cut off.
        """
        with self.open(path) as video:
            indices = middles(length or video.length, self.candidates)
            counted = [
                Chosen(index, len(self.detector.detect(frame))) for index, frame in zip(indices, video.frames(indices))
            ]
        return spread([chosen for chosen in counted if chosen.faces >= MIN_FACES], self.frames)

    def write_frame(self, dst: Path, name: str, frame: np.ndarray) -> str:
        """Write a frame below ``dst``; returns ``name`` with the file ending."""
        if self.jpeg_quality is None:
            ending, options = '.png', [cv2.IMWRITE_PNG_COMPRESSION, 3]
        else:
            ending, options = '.jpg', [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
        write_file(dst, name + ending, cv2.imencode(ending, frame, options)[1].tobytes())
        return name + ending


def common_length(*videos: VideoReader) -> int:
    """Number of frames that videos of one scene share.

    Raises:
        BadInput: If one is damaged; if their rates differ, or their lengths by more than two frames: then frames of one
            number show different moments.
    """
    rates = [video.rate for video in videos]
    if max(rates) > _RATE_SLACK * min(rates):
        described = ', '.join(f'{video.path.name}: {video.rate:.6g}' for video in videos)
        raise BadInput(f'The videos that belong together have different numbers of frames per second ({described})')
    lengths = [video.length for video in videos]
    if max(lengths) - min(lengths) > _LENGTH_SLACK:
        described = ', '.join(f'{video.path.name}: {video.length}' for video in videos)
        raise BadInput(f'The videos that belong together have different numbers of frames ({described})')
    return min(lengths)


def check_same_shape(frames: dict[str, np.ndarray]) -> None:
    """Check that frames of one scene have one size.

    Args:
        frames: Frames ``(H, W, 3)`` by what they are.

    Raises:
        BadInput: If they have not.
    """
    sizes = {what: f'{frame.shape[1]} x {frame.shape[0]}' for what, frame in frames.items()}
    if len(set(sizes.values())) > 1:
        described = ', '.join(f'{what} {size}' for what, size in sizes.items())
        raise BadInput(f'The videos that belong together have frames of different sizes: {described}')
