"""Bars of the gate: how far it trusted each noise extractor at each level."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes

# Those of the shipped extractors; another one needs nothing here.
EXPERT_NAMES = dict(cd='central difference', bayar='Bayar', srm='SRM', hf='high-pass')
# Okabe and Ito's colors, from dark to light: told apart by color-blind readers and in gray.
EXPERT_COLORS = dict(cd='#0072B2', bayar='#D55E00', srm='#56B4E9', hf='#F0E442')
OTHER_COLORS = ('#999999', '#009E73', '#CC79A7', '#E69F00')
DARK = ('cd', 'bayar')
MIN_LABELED = 0.1  # smaller shares have no room for their number


def draw_gates(axes: Axes, gates: Mapping[str, Sequence[float]], points: float = 9) -> None:
    """Draw one bar per level, the finest on top, divided into the shares of the noise extractors.

    Args:
        axes: Where to.
        gates: Shares by name of the extractor, one per level, the finest first; shares of a level sum to 1.
        points: Size of the font.
    """
    num_levels = len(next(iter(gates.values())))
    rows, start = np.arange(num_levels), np.zeros(num_levels)
    colors = expert_colors(gates)
    for expert, shares in gates.items():
        bars = axes.barh(
            rows,
            shares,
            0.72,
            start,
            color=colors[expert],
            edgecolor='white',
            lw=0.8,
            label=EXPERT_NAMES.get(expert, expert),
        )
        numbers = [f'{share:.2f}' if share >= MIN_LABELED else '' for share in shares]
        color = 'white' if expert in DARK else 'black'
        axes.bar_label(bars, numbers, label_type='center', color=color, fontsize=points)
        start += shares
    axes.set(xlim=(0, 1), ylim=(num_levels - 0.5, -0.5), xticks=(0, 0.5, 1), yticks=rows)
    axes.set_yticklabels([_level_name(level, num_levels) for level in rows])
    axes.tick_params(labelsize=points, length=2, pad=3)
    axes.tick_params(axis='y', length=0)
    axes.spines[['top', 'right', 'left']].set_visible(False)
    axes.legend(
        loc='lower center',
        bbox_to_anchor=(0.42, 1),
        ncols=2,
        fontsize=points,
        frameon=False,
        handlelength=1,
        handleheight=1,
        columnspacing=1.5,
        borderaxespad=0.2,
    )


def expert_colors(experts: Iterable[str]) -> dict[str, str]:
    """One color per noise extractor, as ``#rrggbb``; those that are not shipped take turns with the other colors."""
    others = cycle(OTHER_COLORS)
    return {expert: EXPERT_COLORS.get(expert) or next(others) for expert in experts}


def _level_name(level: int, num_levels: int) -> str:
    extreme = {0: '\n(finest)', num_levels - 1: '\n(coarsest)'} if num_levels > 1 else {}
    return f'level {level + 1}{extreme.get(level, "")}'
