"""The figures of samples are compared with scikit-learn in test_forgery_metric.py; here is the rest by hand."""

import math

import pytest

from monfap_mm.evaluation.figures import all_figures, is_percent, paper_figures
from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.result_table import ResultTable

from .records import make_record


def figures_of(*records):
    return all_figures(ResultTable.from_records(records))


def bare(label, pixels, faces=((0, 0),) * 3, score=0.7):
    return make_record(0, label, pixels=PixelCounts(*pixels), faces=faces, score=score, histogram=None)


def test_micro_and_per_image_differ():
    """A large face found and a small one missed."""
    figures = figures_of(bare(1, (900, 100, 0, 0)), bare(1, (0, 0, 100, 900)))
    assert figures['pixel/manipulated/micro/F1'] == pytest.approx(100 * 1800 / 2000)
    assert figures['pixel/manipulated/per_image/F1'] == pytest.approx(100 * (1800 / 1900 + 0) / 2)
    assert figures['F1-f'] == figures['pixel/manipulated/micro/F1']


def test_authentic_images_have_no_f1_but_false_alarms():
    fake, silent, alarmed = bare(1, (50, 0, 50, 100)), bare(0, (0, 0, 0, 200)), bare(0, (0, 20, 0, 180))
    figures = figures_of(fake, silent, alarmed)
    per_image = 100 * 100 / 150
    assert figures['pixel/all/per_image/F1'] == figures['pixel/manipulated/per_image/F1'] == pytest.approx(per_image)
    assert figures['pixel/all/per_image/F1-undefined'] == 2
    assert figures['pixel/manipulated/per_image/F1-undefined'] == 0
    assert figures['pixel/all/micro/F1'] == pytest.approx(100 * 100 / 170)
    assert figures['pixel/authentic/micro/FPR'] == pytest.approx(5)
    assert figures['pixel/authentic/per_image/FPR'] == pytest.approx((0 + 10) / 2)


def test_only_authentic_images_are_no_zero():
    figures = figures_of(bare(0, (0, 20, 0, 180)))
    for key in ('F1-f', 'IoU-f', 'pixel/all/micro/F1', 'pixel/all/micro/MCC', 'pixel/all/per_image/IoU', 'image/F1'):
        assert math.isnan(figures[key])
    assert figures['ACC'] == 0


def test_images_without_mask_have_figures_of_images_alone():
    masked, unknown, real = bare(1, (50, 0, 50, 100)), bare(1, (0, 0, 0, 0), score=0.2), bare(0, (0, 20, 0, 180))
    with_it, without = figures_of(masked, unknown, real), figures_of(masked, real)
    assert with_it['pixel/manipulated/without-mask-count'] == 1
    assert with_it['pixel/manipulated/per_image/F1-undefined'] == 1
    changed = {key for key in with_it if with_it[key] != pytest.approx(without[key], nan_ok=True)}
    assert {key for key in changed if not key.startswith('image/')} == {
        'ACC',
        'AUC',
        'pixel/manipulated/without-mask-count',
        *(
            f'pixel/{population}/per_image/{name}-undefined'
            for population in ('manipulated', 'all')
            for name in ('F1', 'IoU', 'MCC')
        ),
    }


def test_faces_are_counted_over_images():
    figures = figures_of(
        bare(1, (1, 0, 0, 0), ((1, 3), (0, 0), (1, 1))), bare(1, (1, 0, 0, 0), ((1, 1), (0, 0), (0, 1)))
    )
    assert figures['face/small/recall'] == 50
    assert figures['face/small/count'] == 4
    assert math.isnan(figures['face/medium/recall'])
    assert figures['face/large/recall'] == 50
    assert figures['face/all/recall'] == 50
    assert figures['face/all/count'] == 6


def test_percentages():
    records = [make_record(i) for i in range(40)]
    figures = figures_of(*records)
    fractions = {key: value for key, value in figures.items() if is_percent(key)}
    assert all(-100 <= value <= 100 for value in fractions.values() if not math.isnan(value))
    assert max(fractions.values()) > 1
    assert 0 < figures['image/best-ACC-threshold'] < 1
    assert 0 < figures['pixel/all/micro/best-F1-threshold'] < 1
    assert figures['image/real-count'] + figures['image/fake-count'] == 40
    assert paper_figures(ResultTable.from_records(records)) == {key: figures[key] for key in list(figures)[:4]}
