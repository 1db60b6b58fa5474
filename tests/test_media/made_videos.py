"""Videos that are odd in a known way, and a model that knows what is in them."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from monfap_mm.apis.lookahead import batched
from monfap_mm.structures import ForgeryResult, Region
from tests.test_media.video_files import HEIGHT, WIDTH, numbered_frame, read_number

FAKE = range(10, 20)
# Rows and columns of the mask.
BOX = (slice(32, 52), slice(88, 128))


def numbered_frames(count: int) -> list[np.ndarray]:
    return [numbered_frame(number, faces=1) for number in range(count)]


def write_with_opencv(path: Path, fourcc: str, count: int, rate: float = 25) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*fourcc), rate, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for frame in numbered_frames(count):
        writer.write(frame)
    writer.release()
    return path


def write_at_times(
    path: Path,
    times: Iterable[float],
    codec: str = 'libx264',
    last: float | None = None,
    aspect: Fraction | None = None,
    **options,
) -> Path:
    """Numbered frames that are shown at these times, so at a variable rate; H.264 has frames out of order.

    Args:
        path: Where to.
        times: The times in seconds.
        codec: FFmpeg's name of the codec.
        last: How long the last frame is shown.
        aspect: Width of a pixel over its height.
        **options: Those of PyAV for the container.
    """
    tick, times = Fraction(1, 1000), list(times)
    with av.open(str(path), 'w', **options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, 'yuv420p'
        # Codecs of the nineties have a clock of frames.
        tick = Fraction(1, 25) if codec.startswith(('mpeg2', 'wmv', 'msmpeg')) else tick
        stream.codec_context.time_base = tick
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number, faces=1), format='bgr24')
            frame.pts, frame.time_base = round(time / tick), tick
            container.mux(stream.encode(frame))
        packets = stream.encode(None)
        for packet in packets if last is not None else ():
            packet.duration = round(last / packet.time_base)
        container.mux(packets)
    return path


def set_display_matrix(path: Path, across: tuple[float, float], down: tuple[float, float]) -> None:
    """Let an MP4 say where a step to the right, and one down, in its stored pixels lead in what is shown."""
    content = bytearray(path.read_bytes())
    start = content.index(b'tkhd') + 44
    linear = [round(value * 2**16) for value in (*across, *down)]
    matrix = (*linear[:2], 0, *linear[2:], 0, 0, 0, 1 << 30)
    content[start : start + 36] = b''.join(value.to_bytes(4, 'big', signed=True) for value in matrix)
    path.write_bytes(content)


def cut(path: Path, share: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: round(share * len(content))])
    return path


class NumberOracle:
    """In the place of the inferencer: P(fake) 0.9 for the frames ``FAKE``, with a mask, and 0.1 for the others.

    Args:
        failing: Numbers of frames that it has no answer for.
    """

    name = 'oracle'
    threshold = 0.5
    max_pixels = 1_000_000

    def __init__(self, failing: Iterable[int] = ()) -> None:
        self.failing = set(failing)
        self.asked: list[int] = []

    def stream(self, inputs, batch_size, workers) -> Iterator[ForgeryResult]:
        for batch in batched(inputs, batch_size):
            yield from map(self._answer, batch)

    def _answer(self, image: np.ndarray) -> ForgeryResult:
        number, mask = read_number(image), np.zeros((HEIGHT, WIDTH), bool)
        self.asked.append(number)
        if number in self.failing:
            return ForgeryResult(None, error='the model failed')
        if number not in FAKE:
            return ForgeryResult(None, (HEIGHT, WIDTH), 0.1, 'real', mask)
        mask[BOX] = True
        return ForgeryResult(None, (HEIGHT, WIDTH), 0.9, 'fake', mask, regions=(Region((88, 32, 128, 52), 800, 0.9),))
