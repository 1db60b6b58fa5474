"""What ``monfap predict`` writes for a video: the video with its answers drawn in, a table, and a plot."""

import csv
import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from ..apis import ForgeryInferencer, predict_video
from ..structures import FRAME_COLUMNS, ForgeryResult, VideoResult
from ..utils.atomic_write import atomic_write
from ..utils.printable import printable
from ..visualization.timeline import clock, draw_timeline
from .annotated_video import AnnotatedVideo
from .answer_files import file_name

FOLDER = 'videos'
COLUMNS = (*FRAME_COLUMNS, 'suspect')


def predict_video_into(
    folder: Path, inferencer: ForgeryInferencer, path: str, report: Callable[[str], None] | None = None, **options
) -> VideoResult:
    """Predict a video and write the annotated one.

    Args:
        folder: Where to; it goes to ``videos``, which must exist.
        inferencer: The model.
        path: The video.
        report: Called with how far it is, where that is wanted.
        **options: Those of :func:`predict_video`.

    Returns:
        The answer.

    Raises:
        OSError: If the video cannot be written.
    """
    name = printable(os.path.basename(path))

    def watch(index: int, time: float, answer: ForgeryResult) -> None:
        annotated.add(index, answer)
        if report is not None:
            report(f'{name} at {clock(time)}')

    with AnnotatedVideo(path, folder / FOLDER / f'{file_name(path)}.mp4', inferencer.max_pixels) as annotated:
        result = predict_video(inferencer, path, watch=watch, **options)
        if result.error is None:
            annotated.finish()
    return result


def write_video_files(folder: Path, result: VideoResult, threshold: float) -> dict[str, str]:
    """Write table and plot of an answer.

    Args:
        folder: Where to; they go to ``videos``, beside the annotated video.
        result: The answer.
        threshold: The P(fake) above which a frame is suspect.

    Returns:
        The paths of video, table and plot below the folder, by kind; nothing where there is no answer.

    Raises:
        OSError: If a file cannot be written.
    """
    if result.error is not None:
        return {}
    name = f'{FOLDER}/{file_name(result.path)}'
    files = {'video': f'{name}.mp4', 'scores': f'{name}.csv', 'timeline': f'{name}.png'}
    atomic_write(folder / files['scores'], to_table(result, threshold))
    title = f'{printable(os.path.basename(result.path))}:  P(fake) {result.score:.3f}, {result.label}'
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of letters that the font lacks
        atomic_write(folder / files['timeline'], draw_timeline(result, threshold, title))
    return files


def to_table(result: VideoResult, threshold: float) -> str:
    """The predicted frames as CSV, with 1 under ``suspect`` where the score is above the threshold."""
    text = io.StringIO(newline='')
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows((*frame, int(frame.score > threshold)) for frame in result.frames)
    return text.getvalue()
