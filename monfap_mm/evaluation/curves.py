"""ROC, precision-recall and calibration plots, for screen and print."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from ..utils.atomic_write import written_aside
from .functional import detection, score_histogram
from .result_table import ResultTable

# Okabe and Ito's colors without yellow; with the line styles, curves are told apart without color too.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#000000')
LINE_STYLES = ('-', '--', '-.', ':')
PANEL_INCHES = 4.2
DPI = 200


class Curve(NamedTuple):
    """A line of a plot: its points, the figure that sums it up in percent, and whether to mark the points."""

    x: np.ndarray
    y: np.ndarray
    figure: str
    percent: float
    markers: bool = False


class Panel(NamedTuple):
    """A panel of a plot; ``curve`` gives the line of a table."""

    title: str
    x_label: str
    y_label: str
    curve: Callable[[ResultTable], Curve]
    diagonal: bool = False


def draw_curves(tables: dict[str, ResultTable], folder: Path) -> list[Path]:
    """Draw roc.png, pr.png and calibration.png: a line for each table in each panel.

    Args:
        tables: Scored images by the name to show in the legend.
        folder: Folder to write to, made if needed.

    Returns:
        The files. A line that is not defined, as of images of one class, is left out, with a NaN in the legend.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pixels = 'pixels of manipulated images'
    plots = {
        'roc.png': (
            Panel('images', 'false positive rate', 'true positive rate', _image_roc, diagonal=True),
            Panel(pixels, 'false positive rate', 'true positive rate', _pixel_roc, diagonal=True),
        ),
        'pr.png': (
            Panel('images', 'recall', 'precision', _image_pr),
            Panel(pixels, 'recall', 'precision', _pixel_pr),
        ),
        'calibration.png': (Panel('images', 'mean P(fake)', 'share of fake images', _calibration, diagonal=True),),
    }
    for name, panels in plots.items():
        figure = Figure((PANEL_INCHES * len(panels), PANEL_INCHES), dpi=DPI, layout='constrained')
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
            _draw_panel(axes, panel, tables)
        with written_aside(folder / name) as temporary:
            figure.savefig(temporary)
    return [folder / name for name in plots]


def _draw_panel(axes: Axes, panel: Panel, tables: dict[str, ResultTable]) -> None:
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color='0.6', linewidth=0.8)
    for number, (name, table) in enumerate(tables.items()):
        curve = panel.curve(table)
        axes.plot(
            curve.x,
            curve.y,
            color=COLORS[number % len(COLORS)],
            linestyle=LINE_STYLES[number % len(LINE_STYLES)],
            marker='o' if curve.markers else None,
            markersize=4,
            label=f'{name}: {curve.figure} {curve.percent:.2f}',
        )
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label, title=panel.title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect('equal')
    axes.grid(color='0.9', linewidth=0.6)
    axes.legend(fontsize='small', loc='best')


def _image_roc(table: ResultTable) -> Curve:
    percent = 100 * detection.roc_auc(table.labels, table.scores)
    if np.isnan(percent):
        return Curve(np.array([]), np.array([]), 'AUC', percent)
    fpr, tpr, _ = roc_curve(table.labels, table.scores)
    return Curve(fpr, tpr, 'AUC', percent)


def _image_pr(table: ResultTable) -> Curve:
    percent = 100 * detection.average_precision(table.labels, table.scores)
    if np.isnan(percent):
        return Curve(np.array([]), np.array([]), 'AP', percent)
    precision, recall, _ = precision_recall_curve(table.labels, table.scores)
    return Curve(recall, precision, 'AP', percent)


def _pixel_roc(table: ResultTable) -> Curve:
    _, histogram = table.take(table.labels == 1).total()
    fpr, tpr, _ = score_histogram.rates(histogram)
    return Curve(fpr, tpr, 'AUC', 100 * score_histogram.auc(histogram)[0])


def _pixel_pr(table: ResultTable) -> Curve:
    _, histogram = table.take(table.labels == 1).total()
    _, recall, precision = score_histogram.rates(histogram)
    return Curve(recall, precision, 'AP', 100 * score_histogram.average_precision(histogram)[0])


def _calibration(table: ResultTable) -> Curve:
    counts, mean_score, fake_share = detection.calibration(table.labels, table.scores)
    percent = 100 * detection.calibration_error(table.labels, table.scores)
    return Curve(mean_score[counts > 0], fake_share[counts > 0], 'ECE', percent, markers=True)
