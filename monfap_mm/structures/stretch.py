"""From the scores of frames to what they say of a video: its own score, and the stretches to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

# Stretches with less than this between them, in seconds, are one: a blink or a turn of the head, not a cut.
JOIN_SECONDS = 0.5


@dataclass(frozen=True)
class Stretch:
    """A stretch of a video whose frames are suspect.

    Attributes:
        start: Time of its first suspect frame, in seconds.
        end: Time at which its last suspect frame is replaced by the next predicted one.
        peak: Highest score in it.
    """

    start: float
    end: float
    peak: float


def video_score(scores: Sequence[float]) -> float:
    """P(fake) of a video: the mean of the highest tenth of its frames' scores, at least one, rounded up.

    A forgery may fill a few seconds only, which the mean over all frames would hide; a single frame may err, by which
    the maximum would be led.

    Args:
        scores: P(fake) of the predicted frames, at least one.
    """
    count = -(-len(scores) // 10)
    return sum(sorted(scores)[-count:]) / count


def find_stretches(
    times: Sequence[float], scores: Sequence[float], threshold: float, duration: float
) -> tuple[Stretch, ...]:
    """Find the stretches above a threshold; those with less than :data:`JOIN_SECONDS` between them are joined.

    Args:
        times: When the predicted frames are shown, in seconds, ascending. What holds for a frame holds until the next
            one.
        scores: Their P(fake).
        threshold: The P(fake) above which a frame is suspect.
        duration: End of the last frame, in seconds.

    Returns:
        The stretches, in their order.
    """
    stretches: list[Stretch] = []
    for start, end, score in zip(times, [*times[1:], duration], scores):
        if score <= threshold:
            continue
        if stretches and start - stretches[-1].end < JOIN_SECONDS:
            before = stretches.pop()
            stretches.append(Stretch(before.start, end, max(before.peak, score)))
        else:
            stretches.append(Stretch(start, end, score))
    return tuple(stretches)
