import numpy as np
import pytest

from monfap_mm.evaluation.functional import score_histogram
from monfap_mm.evaluation.functional.localization import PixelCounts, f1_score, iou, mcc
from monfap_mm.evaluation.functional.pixel_ranking import PixelRanking
from monfap_mm.evaluation.result_table import PIXEL_FIGURES, ResultTable

from .records import make_record

RECORDS = [make_record(i) for i in (3, 0, 7, 1, 4)]


def test_columns_keep_the_order_of_the_records():
    table = ResultTable.from_records(RECORDS)
    assert table.labels.tolist() == [record.label for record in RECORDS]
    assert table.scores.tolist() == [record.score for record in RECORDS]
    np.testing.assert_array_equal(table.pixels, [record.pixels for record in RECORDS])
    np.testing.assert_array_equal(table.histograms, [record.histogram for record in RECORDS])
    np.testing.assert_array_equal(table.faces, [record.faces for record in RECORDS])
    assert len(table) == 5


def test_figures_of_an_image_are_exact_where_it_has_a_ranking():
    """The order of the figures, too: each of another value."""
    ranking = PixelRanking(0.9, 0.8, 0.7)
    ranked, binned = make_record(1, 1, ranking=ranking), make_record(1, 1, ranking=None)
    bare = make_record(1, 1, ranking=None, histogram=None)
    assert list(PIXEL_FIGURES) == ['F1', 'IoU', 'MCC', 'AUC', 'AP', 'best-F1']
    table = ResultTable.from_records([bare, ranked, binned])
    masks = [float(figure(ranked.pixels)) for figure in (f1_score, iou, mcc)]
    bins = [figure(binned.histogram)[0] for figure in figures_of_bins()]
    np.testing.assert_array_equal(table.per_image, [[*masks, *[np.nan] * 3], [*masks, *ranking], [*masks, *bins]])


def figures_of_bins():
    return score_histogram.auc, score_histogram.average_precision, score_histogram.best_f1


def test_rows_by_index_and_by_mask():
    table = ResultTable.from_records(RECORDS)
    for name in ('labels', 'scores', 'pixels', 'histograms', 'faces', 'per_image'):
        column = getattr(table, name)
        np.testing.assert_array_equal(getattr(table.take(np.array([4, 1, 1])), name), column[[4, 1, 1]])
        np.testing.assert_array_equal(getattr(table.take(table.labels == 1), name), column[table.labels == 1])


def test_total_is_the_sum_if_it_covers_all_pixels():
    pixels, histogram = ResultTable.from_records(RECORDS).total()
    np.testing.assert_array_equal(pixels, np.sum([record.pixels for record in RECORDS], axis=0))
    np.testing.assert_array_equal(histogram, np.sum([record.histogram for record in RECORDS], axis=0))
    pixels, histogram = ResultTable.from_records([*RECORDS, make_record(2, histogram=None)]).total()
    assert pixels.sum() > 0
    assert not histogram.any()


def test_sums_exceed_32_bits():
    many = np.zeros((2, score_histogram.NUM_BINS), np.uint32)
    many[0, 3] = 2**32 - 1
    record = make_record(0, 0, histogram=many, pixels=PixelCounts(0, 0, 0, 2**32 - 1))
    pixels, histogram = ResultTable.from_records([record] * 3).total()
    assert pixels[3] == histogram[0, 3] == 3 * (2**32 - 1)


@pytest.mark.parametrize('chunk', [1, 4, 11])
def test_chunks_do_not_show(monkeypatch, chunk):
    records = [make_record(i, ranking=None) for i in range(11)]
    whole = ResultTable.from_records(records)
    monkeypatch.setattr('monfap_mm.evaluation.result_table.CHUNK', chunk)
    np.testing.assert_array_equal(ResultTable.from_records(records).per_image, whole.per_image)


def test_no_image():
    table = ResultTable.from_records([])
    assert table.pixels.shape == (0, 4)
    assert table.faces.shape == (0, 3, 2)
    assert table.per_image.shape == (0, 6)
