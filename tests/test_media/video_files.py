"""Small real MP4 files whose frames tell their number, faces that are green squares, and a detector of those."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH = 64, 160
_BIT = 8


def write_video(path: Path, frames, fps: float = 25) -> Path:
    """Write frames (H, W, 3) as MPEG-4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = list(frames)
    size = frames[0].shape[1::-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, size)
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def numbered_frame(number: int, faces: int, grey: int = 90) -> np.ndarray:
    """A grey frame with its number in black and white bits along the top, and green squares below."""
    frame = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
    for bit in range(8):
        frame[:_BIT, bit * _BIT : (bit + 1) * _BIT] = 255 * (number >> bit & 1)
    for face in range(faces):
        frame[32:52, 8 + 40 * face : 28 + 40 * face] = (0, 230, 0)
    return frame


def read_number(frame: np.ndarray) -> int:
    """The number of a frame of :func:`numbered_frame`."""
    return sum(1 << bit for bit in range(8) if frame[_BIT // 2, bit * _BIT + _BIT // 2].mean() > 127)


def mask_frame(number: int, empty: bool = False) -> np.ndarray:
    """White from column ``number`` on, 24 pixels wide; a grey haze and a speck of two pixels that are no mask."""
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    if not empty:
        frame[24:48, number : number + 24] = 255
    frame[56:60, :40] = 100
    return frame


@dataclass(frozen=True)
class GreenSquares:
    """A detector for tests: faces are green squares."""

    def detect(self, image: np.ndarray) -> np.ndarray:
        green = (image[..., 1] > 150) & (image[..., 0] < 100) & (image[..., 2] < 100)
        parts = cv2.connectedComponentsWithStats(green.astype(np.uint8))[2][1:]
        parts = parts[parts[:, cv2.CC_STAT_AREA] > 50]
        return np.concatenate([parts[:, :2], parts[:, :2] + parts[:, 2:4]], axis=1).astype(float)

    def describe(self) -> dict:
        return {'detector': 'green squares'}


def truncate(path: Path) -> None:
    """Cut the second half of the frames out of a file, but leave its index: as a broken download looks to a player."""
    content = path.read_bytes()
    start = content.index(b'mdat') + 4
    end = content.index(b'moov') - 4
    middle = (start + end) // 2
    path.write_bytes(content[:middle] + b'\0' * (end - middle) + content[end:])
