"""The answer for one video, and its form in JSON."""

from dataclasses import asdict, dataclass
from typing import NamedTuple

from .forgery_result import SCHEMA_VERSION, check_schema
from .stretch import Stretch

KIND = 'video'
# What files call the fields of a FrameScore; 'faces' are regions until schema version 2.
FRAME_COLUMNS = ('index', 'time', 'score', 'faces', 'fake_share')


class FrameScore(NamedTuple):
    """What is kept of the answer for a frame.

    Attributes:
        index: Number of the frame in the video, from 0.
        time: When it is shown, in seconds from the first frame.
        score: P(fake), 0 to 1.
        regions: Number of manipulated regions; ``faces`` in files of schema version 1.
        fake_share: Share of fake pixels, 0 to 1.
    """

    index: int  # type: ignore[assignment]  # not the method of tuples
    time: float
    score: float
    regions: int
    fake_share: float

    @property
    def faces(self) -> int:
        """The number of regions, by the name that it had before."""
        return self.regions


@dataclass(frozen=True)
class VideoResult:
    """The answer for one video, or the reason why there is none.

    Attributes:
        path: The file as it was named.
        size: Height and width of the frames as a viewer shows them; None where there is no answer.
        fps: Frames per second, as the file has it; None where it could not be opened.
        duration: Seconds from the first frame to the end of the last one that could be read.
        frames_seen: Number of frames that could be read.
        score: P(fake) of the video by :func:`video_score`; None where there is no answer.
        label: 'real' or 'fake'; None where there is no answer.
        frames: The predicted frames, in their order.
        stretches: The suspect stretches, in their order.
        note: What the reader should know about the answer, such as that the file is cut off.
        error: Why there is no answer; None where there is one.
        model: Name of the model that answered; None where there is no answer, or in records from before it was kept.
    """

    path: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    duration: float | None = None
    frames_seen: int = 0
    score: float | None = None
    label: str | None = None
    frames: tuple[FrameScore, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    note: str | None = None
    error: str | None = None
    model: str | None = None

    def __repr__(self) -> str:
        if self.error is not None:
            return f'VideoResult({self.path!r}: no answer ({self.error}))'
        counts = f'{len(self.frames)} frames predicted, {len(self.stretches)} suspect stretches'
        return f'VideoResult({self.path!r}: {self.label}, P(fake) {self.score:.3f}, {counts})'

    def to_json(self) -> dict:
        """The answer in JSON's types; the frames as one list per column."""
        columns = zip(*self.frames) if self.frames else ((),) * len(FRAME_COLUMNS)
        return dict(
            schema_version=SCHEMA_VERSION,
            kind=KIND,
            path=self.path,
            size=None if self.size is None else list(self.size),
            fps=self.fps,
            duration=self.duration,
            frames_seen=self.frames_seen,
            frames_predicted=len(self.frames),
            score=self.score,
            label=self.label,
            stretches=[asdict(stretch) for stretch in self.stretches],
            frames={name: list(column) for name, column in zip(FRAME_COLUMNS, columns)},
            note=self.note,
            error=self.error,
            model=self.model,
        )

    @classmethod
    def from_json(cls, values: dict) -> 'VideoResult':
        """Read what :meth:`to_json` made; keys that it does not know are left out.

        Raises:
            ValueError: If it is of another version of the schema, no answer for a video, lacks a key, or has columns of
                different lengths.
        """
        check_schema(values)
        if not is_video_answer(values):
            raise ValueError(f'an answer for a video was expected, got one of kind {values.get("kind", "picture")!r}')
        try:
            size, columns = values['size'], [values['frames'][name] for name in FRAME_COLUMNS]
            return cls(
                path=values['path'],
                size=None if size is None else tuple(size),
                fps=values['fps'],
                duration=values['duration'],
                frames_seen=values['frames_seen'],
                score=values['score'],
                label=values['label'],
                frames=tuple(FrameScore(*row) for row in zip(*columns, strict=True)),
                stretches=tuple(
                    Stretch(*(one[key] for key in ('start', 'end', 'peak'))) for one in values['stretches']
                ),
                note=values['note'],
                error=values['error'],
                model=values.get('model'),
            )
        except KeyError as error:
            raise ValueError(f'the answer lacks {error}') from error


def is_video_answer(values: dict) -> bool:
    """Whether an answer in its JSON form is for a video; one that does not say so is for a picture."""
    return values.get('kind') == KIND
