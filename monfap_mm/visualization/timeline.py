"""The scores of a video over time."""

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..structures import PALETTE, VideoResult

INCHES, DPI = (10, 3.2), 150
FAKE = np.array(PALETTE[1]) / 255
LINE = '#0072B2'  # Okabe and Ito's blue, which stays apart from vermilion for color-blind readers and in gray


def draw_timeline(result: VideoResult, threshold: float, title: str) -> bytes:
    """Plot P(fake) over time; suspect stretches are shaded, with a bar on top that gray print keeps.

    Args:
        result: The answer, without an error.
        threshold: The P(fake) above which a frame is suspect, drawn as a dashed line.
        title: What to write on top.

    Returns:
        A PNG of 1500 x 480 pixels.
    """
    figure = Figure(INCHES, dpi=DPI, layout='constrained')
    axes = figure.add_subplot()
    for stretch in result.stretches:
        axes.axvspan(stretch.start, stretch.end, color=FAKE, alpha=0.25, linewidth=0)
        axes.axvspan(stretch.start, stretch.end, ymin=0.96, color=FAKE, linewidth=0)
    # What holds for a frame holds until the next one.
    times = [*(frame.time for frame in result.frames), result.duration]
    scores = [frame.score for frame in result.frames]
    axes.step(times, [*scores, scores[-1]], where='post', color=LINE, linewidth=1.2)
    axes.axhline(threshold, color='0.25', linewidth=1, linestyle='--')
    axes.text(1.005, threshold, 'threshold', va='center', transform=axes.get_yaxis_transform())
    axes.set(xlim=(0, result.duration), ylim=(0, 1.05), yticks=np.linspace(0, 1, 6), xlabel='time', ylabel='P(fake)')
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 1.5, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.set_title(title, parse_math=False)
    axes.spines[['top', 'right']].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format='png')
    return file.getvalue()


def clock(seconds: float) -> str:
    """A time of a video as players show it, such as 1:02:03.50; hours only where there are any."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    text = f'{rest // 100:02}.{rest % 100:02}'
    return f'{minutes // 60}:{minutes % 60:02}:{text}' if minutes >= 60 else f'{minutes}:{text}'
