"""All figures of scored images, each named by its convention. docs/evaluation.md explains every key."""

import numpy as np

from .functional import detection, score_histogram
from .functional.faces import SIZES
from .functional.localization import f1_score, false_positive_rate, iou
from .result_table import PIXEL_FIGURES, ResultTable

PAPER_FIGURES = ('ACC', 'AUC', 'F1-f', 'IoU-f')
# Figures with these endings are no percentages.
PLAIN_ENDINGS = ('threshold', 'count', 'undefined')


def paper_figures(table: ResultTable) -> dict[str, float]:
    """The four figures of Table II, in percent; NaN where not defined."""
    manipulated = table.pixels[table.labels == 1].sum(axis=0)
    return _percent(
        {
            'ACC': detection.accuracy(table.labels, table.scores),
            'AUC': detection.roc_auc(table.labels, table.scores),
            'F1-f': f1_score(manipulated),
            'IoU-f': iou(manipulated),
        }
    )


def all_figures(table: ResultTable) -> dict[str, float]:
    """The paper's figures, then those of images, pixels and faces.

    Args:
        table: The scored images.

    Returns:
        Figures by key, in percent but for those in ``PLAIN_ENDINGS``; NaN where not defined.
    """
    real, fake = table.take(table.labels == 0), table.take(table.labels == 1)
    return paper_figures(table) | _percent(
        {
            **_image_figures(table.labels, table.scores),
            'pixel/manipulated/without-mask-count': np.sum(fake.without_mask),
            **_pixel_figures('pixel/manipulated', fake),
            **_pixel_figures('pixel/all', table),
            **_false_alarms('pixel/authentic', real),
            **_face_figures(fake.faces.sum(axis=0)),
        }
    )


def is_percent(key: str) -> bool:
    """Whether a figure is a percentage, and no threshold or count."""
    return not key.endswith(PLAIN_ENDINGS)


def _image_figures(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    best, threshold = detection.best_accuracy(labels, scores)
    return {
        'image/real-count': np.sum(labels == 0),
        'image/fake-count': np.sum(labels == 1),
        'image/balanced-ACC': detection.balanced_accuracy(labels, scores),
        'image/AP': detection.average_precision(labels, scores),
        'image/EER': detection.equal_error_rate(labels, scores),
        'image/F1': detection.image_f1(labels, scores),
        'image/best-ACC': best,
        'image/best-ACC-threshold': threshold,
        'image/TPR@1%FPR': detection.tpr_at_fpr(labels, scores, 0.01),
        'image/TPR@0.1%FPR': detection.tpr_at_fpr(labels, scores, 0.001),
        'image/ECE': detection.calibration_error(labels, scores),
    }


def _pixel_figures(population: str, table: ResultTable) -> dict[str, float]:
    pixels, histogram = table.total()
    micro = {f'{population}/micro/{name}': figure(pixels, histogram) for name, figure in PIXEL_FIGURES.items()}
    _, micro[f'{population}/micro/AUC-bin-bound'] = score_histogram.auc(histogram)
    _, micro[f'{population}/micro/AP-bin-bound'] = score_histogram.average_precision(histogram)
    _, bound, threshold = score_histogram.best_f1(histogram)
    micro[f'{population}/micro/best-F1-bin-bound'] = bound
    micro[f'{population}/micro/best-F1-threshold'] = threshold
    return micro | {
        key: value
        for name, values in zip(PIXEL_FIGURES, table.per_image.T)
        for key, value in _mean(f'{population}/per_image/{name}', values).items()
    }


def _false_alarms(population: str, table: ResultTable) -> dict[str, float]:
    return {
        f'{population}/micro/FPR': false_positive_rate(table.pixels.sum(axis=0)),
        **_mean(f'{population}/per_image/FPR', false_positive_rate(table.pixels)),
    }


def _face_figures(faces: np.ndarray) -> dict[str, float]:
    rows = {'all': faces.sum(axis=0), **dict(zip(SIZES, faces))}
    recalls = {f'face/{size}/recall': found / total if total else np.nan for size, (found, total) in rows.items()}
    return recalls | {f'face/{size}/count': total for size, (_, total) in rows.items()}


def _mean(key: str, values: np.ndarray) -> dict[str, float]:
    """Mean over the images on which a figure is defined, and the number of the others."""
    defined = values[~np.isnan(values)]
    mean = defined.mean() if len(defined) else np.nan
    return {key: mean, f'{key}-undefined': len(values) - len(defined)}


def _percent(fractions: dict[str, float]) -> dict[str, float]:
    return {key: float(value) * (100 if is_percent(key) else 1) for key, value in fractions.items()}
