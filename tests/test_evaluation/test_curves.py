from contextlib import nullcontext

import cv2
import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from monfap_mm.evaluation import curves
from monfap_mm.evaluation.figures import all_figures
from monfap_mm.evaluation.result_table import ResultTable

from ..older_file import OlderFile
from .records import make_record


@pytest.fixture(scope='module')
def table():
    return ResultTable.from_records([make_record(i) for i in range(60)])


def test_lines_have_the_area_of_their_figures(table):
    figures = all_figures(table)
    for curve, key in ((curves._image_roc, 'AUC'), (curves._pixel_roc, 'pixel/manipulated/micro/AUC')):
        line = curve(table)
        assert 100 * auc(line.x, line.y) == pytest.approx(figures[key], abs=1e-9)
        assert line.percent == pytest.approx(figures[key], abs=1e-9)
    line = curves._image_pr(table)
    assert 100 * np.sum(-np.diff(line.x) * line.y[:-1]) == pytest.approx(figures['image/AP'])
    assert line.percent == pytest.approx(figures['image/AP'])
    line = curves._calibration(table)
    assert line.percent == pytest.approx(figures['image/ECE'])
    assert line.markers


def test_pixel_curve_is_that_of_manipulated_images(table):
    """Precision over recall at the edges of the bins, by scikit-learn on the numbers of the bins."""
    histogram = table.histograms[table.labels == 1].sum(axis=0, dtype=int)
    bins = np.repeat(np.tile(np.arange(histogram.shape[1]), 2), histogram.ravel())
    target = np.repeat([0, 1], histogram.sum(axis=1))
    precision, recall, _ = precision_recall_curve(target, bins)
    line = curves._pixel_pr(table)
    np.testing.assert_allclose(np.unique(line.x), np.unique(recall), atol=1e-12)
    assert np.sum(np.diff(line.x) * line.y[1:]) == pytest.approx(average_precision_score(target, bins), abs=1e-12)
    assert line.percent == pytest.approx(all_figures(table)['pixel/manipulated/micro/AP'])


def test_calibration_has_the_mean_score_across_and_the_share_of_fakes_up():
    records = [make_record(i, label, score=score) for i, (label, score) in enumerate([(1, 0.91), (0, 0.9), (1, 0.92)])]
    line = curves._calibration(ResultTable.from_records([*records, make_record(3, 0, score=0.125)]))
    np.testing.assert_allclose(line.x, [0.125, 0.91])
    np.testing.assert_allclose(line.y, [0, 2 / 3])


def test_panels_say_what_they_show(table, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(curves.Figure, 'savefig', lambda figure, path: drawn.update({path.name: figure.axes}))
    monkeypatch.setattr(curves, 'written_aside', nullcontext)
    curves.draw_curves({'ours': table, 'theirs': table.take(table.labels == 0)}, tmp_path)
    labels = {name: [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels] for name, panels in drawn.items()}
    assert labels == {
        'roc.png': [('false positive rate', 'true positive rate')] * 2,
        'pr.png': [('recall', 'precision')] * 2,
        'calibration.png': [('mean P(fake)', 'share of fake images')],
    }
    titles = [axes.get_title() for axes in drawn['roc.png']]
    assert titles == ['images', 'pixels of manipulated images']
    for (name, panels), (figures, pixels) in zip(drawn.items(), [('AUC', 'AUC'), ('AP', 'AP'), ('ECE', None)]):
        for axes, figure in zip(panels, (figures, pixels)):
            texts = [text.get_text() for text in axes.get_legend().get_texts()]
            assert texts[0].startswith(f'ours: {figure} '), name
            assert texts[1].startswith(f'theirs: {figure} '), name
        diagonals = [line for axes in panels for line in axes.lines if list(line.get_xdata()) == [0, 1]]
        assert len(diagonals) >= (0 if name == 'pr.png' else len(panels))
    first, second = drawn['roc.png'][0].lines[1:]
    assert (first.get_color(), first.get_linestyle()) != (second.get_color(), second.get_linestyle())


def test_pictures(table, tmp_path):
    one_class = table.take(table.labels == 0)
    older = OlderFile(tmp_path / 'new' / 'pr.png')
    paths = curves.draw_curves({'ours': table, 'only real': one_class}, tmp_path / 'new')
    assert older.was_replaced_as_a_whole()
    assert [path.name for path in paths] == ['roc.png', 'pr.png', 'calibration.png']
    for path in paths:
        picture = cv2.imread(str(path)).reshape(-1, 3)
        blue, vermilion = (178, 114, 0), (0, 94, 213)  # BGR of the first two colors
        assert (picture == blue).all(axis=1).sum() > 500
        assert path.name == 'calibration.png' or (picture == vermilion).all(axis=1).sum() > 10  # in the legend
