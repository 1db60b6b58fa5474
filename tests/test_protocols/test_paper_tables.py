"""The paper's figures, against the relations that they obey."""

import statistics

import pytest

from monfap_mm.evaluation.figures import PAPER_FIGURES
from monfap_mm.protocols import TABLES

ROWS = [(name, row, group) for name, table in TABLES.items() for row in table.rows for group in table.groups]


@pytest.mark.parametrize('name', TABLES)
def test_every_row_has_a_figure_for_every_column(name):
    table = TABLES[name]
    assert {len(values) for values in table.rows.values()} == {len(table.groups) * len(table.figures)}


def test_iou_and_f1_come_from_one_confusion_matrix():
    off = []
    for name, row, group in ROWS:
        figures = TABLES[name].figures_of(row, group)
        f1, iou = figures.get('F1-f'), figures.get('IoU-f')
        if group != 'Average' and f1 is not None and abs(100 * f1 / (200 - f1) - iou) > 0.02:
            off.append((name, row))
    assert off == [('VIII', '2')], 'the only row that the paper misprints, as its note says'


@pytest.mark.parametrize('name', ['III', 'IV', 'V'])
def test_averages(name):
    table = TABLES[name]
    for row in table.rows:
        for figure in table.figures:
            parts = [table.figures_of(row, group)[figure] for group in table.groups[:-1]]
            # Table V rounds most figures to one decimal, and one row of Table IV cuts instead of rounding.
            tolerance = 0.07 if name == 'V' else 0.03
            assert table.figures_of(row, 'Average')[figure] == pytest.approx(statistics.fmean(parts), abs=tolerance)


def test_the_full_model_has_the_same_figures_in_every_ablation():
    full = dict(zip(PAPER_FIGURES, (92.15, 98.03, 90.80, 83.15)))
    rows = {
        'VI': '+FUP+MNM',
        'VII': 'tokens learning',
        'VIII': '1',
        'IX': 'MoNE',
        'X': 'w/ L_mone',
        'XI': '10',
        'XII': '0.5',
    }
    assert all(TABLES[name].figures_of(row, '') == full for name, row in rows.items())
    assert TABLES['II'].figures_of('MoNFAP-C', 'FFIW') == full


def test_unknown_rows_and_groups_have_no_figures():
    assert set(TABLES['II'].figures_of('Ours', 'OFV2').values()) == {None}
    assert set(TABLES['II'].figures_of('MoNFAP-C', 'DFDC').values()) == {None}
