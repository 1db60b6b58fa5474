"""A trained model answers for a video: is it fake, and when?"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from ..media.errors import BadInput
from ..media.videos import Frame, VideoReader, choose_frames
from ..structures import CLASSES, ForgeryResult, FrameScore, VideoResult, find_stretches, video_score
from ..utils.known import known
from .inferencer import ForgeryInferencer
from .lookahead import map_ahead, read_ahead

FRAMES_AHEAD = 4

# Called with number, time and answer of each predicted frame.
Watcher = Callable[[int, float, ForgeryResult], None]


def predict_video(
    inferencer: ForgeryInferencer,
    path: str,
    every: int = 1,
    fps: float | None = None,
    batch_size: int = 8,
    workers: int = 2,
    watch: Watcher | None = None,
) -> VideoResult:
    """Answer for a video, in memory that grows by its scores only. Decoding, prediction and ``watch`` overlap.

    Args:
        inferencer: The model.
        path: The file.
        every: Every how many frames one is predicted, from 1. Default: 1, all of them.
        fps: In place of ``every``, how many frames per second are predicted, see :func:`choose_frames`.
        batch_size: Frames that go through the model together. Default: 8.
        workers: Threads that prepare frames. Default: 2.
        watch: Called with each predicted frame's number, time and answer (without its image), in their order, in a
            thread of its own.

    Returns:
        The answer. A file that cannot be read, is no video, or has no frames gets one with ``error``; one that is cut
        off gets an answer for the frames that it had, with a note.

    Raises:
        ValueError: If ``every`` or ``fps`` is out of range.
        Exception: What ``watch`` raises.
    """
    if every < 1 or (fps is not None and not 0 < fps < float('inf')):
        raise ValueError(f'every must be at least 1 and fps above 0, got {every} and {fps}')
    try:
        # Closed in turn, so that no thread still reads from a decoder that is released.
        with (
            VideoReader(path, inferencer.max_pixels) as video,
            closing(read_ahead(choose_frames(video, every, fps), FRAMES_AHEAD)) as frames,
            closing(_answers(inferencer, frames, batch_size, workers)) as answers,
            closing(map_ahead(lambda answer: _digest(*answer, watch), answers, 1, batch_size)) as digests,
        ):
            return _conclude(path, video, list(digests), inferencer)
    except BadInput as error:
        return VideoResult(path, error=str(error))


def _answers(
    inferencer: ForgeryInferencer, frames: Iterator[Frame], batch_size: int, workers: int
) -> Generator[tuple[int, float, ForgeryResult], None, None]:
    """Number, time and answer of each frame."""
    # Number and time of the frames on their way through the model.
    places: deque[tuple[int, float]] = deque()

    def images() -> Iterator[np.ndarray]:
        for frame in frames:
            places.append((frame.index, frame.time))
            yield frame.image

    for result in inferencer.stream(images(), batch_size, workers):
        yield *places.popleft(), result


def _digest(index: int, time: float, result: ForgeryResult, watch: Watcher | None) -> FrameScore | str:
    """What is kept of an answer for a frame: its score, or why there is none."""
    if watch is not None:
        watch(index, time, result)
    if result.error is not None:
        return f'frame {index}: {result.error}'
    area = round(float(known(result.mask).mean()), 6)
    return FrameScore(index, time, known(result.score), len(result.regions), area)


def _conclude(
    path: str, video: VideoReader, digests: list[FrameScore | str], inferencer: ForgeryInferencer
) -> VideoResult:
    frames = tuple(digest for digest in digests if isinstance(digest, FrameScore))
    errors = [digest for digest in digests if isinstance(digest, str)]
    facts: dict[str, Any] = dict(
        size=video.size, fps=video.rate, duration=round(video.duration, 6), frames_seen=video.seen
    )
    if not frames:
        undecoded = (
            f'no frame can be decoded: it is damaged, or FFmpeg lacks its codec ({video.codec}): convert it to H.264'
        )
        return VideoResult(path, **facts, error=f'{path}: {errors[0] if errors else undecoded}')
    failed = f'{len(errors)} frames have no answer, the first is {errors[0]}' if errors else None
    scores = [frame.score for frame in frames]
    score = video_score(scores)
    return VideoResult(
        path,
        **facts,
        score=score,
        label=CLASSES[score > inferencer.threshold],
        frames=frames,
        stretches=find_stretches([frame.time for frame in frames], scores, inferencer.threshold, facts['duration']),
        note='; '.join(note for note in (video.note, failed) if note) or None,
        model=inferencer.name,
    )
