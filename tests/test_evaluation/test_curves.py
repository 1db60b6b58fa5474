import cv2
import numpy as np
import pytest
from sklearn.metrics import auc

from monfap_mm.evaluation import curves
from monfap_mm.evaluation.figures import all_figures
from monfap_mm.evaluation.result_table import ResultTable

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
    assert curves._pixel_pr(table).percent == pytest.approx(figures['pixel/manipulated/micro/AP'])
    assert curves._calibration(table).percent == pytest.approx(figures['image/ECE'])


def test_pictures(table, tmp_path):
    one_class = table.take(table.labels == 0)
    paths = curves.draw_curves({'ours': table, 'only real': one_class}, tmp_path / 'new')
    assert [path.name for path in paths] == ['roc.png', 'pr.png', 'calibration.png']
    for path in paths:
        picture = cv2.imread(str(path)).reshape(-1, 3)
        blue, vermilion = (178, 114, 0), (0, 94, 213)  # BGR of the first two colors
        assert (picture == blue).all(axis=1).sum() > 500
        assert path.name == 'calibration.png' or (picture == vermilion).all(axis=1).sum() > 10  # in the legend
