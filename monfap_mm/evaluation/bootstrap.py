"""How far figures would move on other images: bootstrap confidence intervals."""

from collections.abc import Callable

import numpy as np

from .result_table import ResultTable

CONFIDENCE = 0.95


def resample(
    table: ResultTable,
    figures: Callable[[ResultTable], dict[str, float]],
    resamples: int,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> dict[str, np.ndarray]:
    """Compute figures on random draws of the images.

    The unit is the image, with all its pixels and faces, since pixels of one image are not independent. Real and fake
    images are drawn apart, with replacement, so that each draw has as many of each as the data: their shares are a
    choice of who made the data, not a matter of chance. The same seed draws the same images from tables of the same
    labels, so that two models can be compared draw by draw.

    Args:
        table: The scored images.
        figures: Figures of a table, by name.
        resamples: Number of draws, at least 1.
        seed: Seed of the draws.
        progress: Called after each draw.

    Returns:
        Values of each figure, (resamples,); NaN where a draw does not define it.
    """
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(table.labels == label) for label in (0, 1)]
    draws = []
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(rows, len(rows)) for rows in classes if len(rows)])
        draws.append(figures(table.take(rows)))
        if progress is not None:
            progress()
    return {name: np.array([draw[name] for draw in draws]) for name in draws[0]}


def interval(values: np.ndarray) -> tuple[float, float]:
    """Percentile interval of 95%; NaN if no value is defined. Undefined ones are left out."""
    defined = values[~np.isnan(values)]
    if len(defined) == 0:
        return float('nan'), float('nan')
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)
