import csv
import io
import json
import math

import numpy as np
import pytest

from monfap_mm.protocols import TABLES, Row, Table, Value, beside_paper, with_average

GROUPS, FIGURES = ('A|B', 'C_1'), ('ACC', 'F1-f')


@pytest.fixture
def table():
    ours = Row(
        'net', 'ours', {('A|B', 'ACC'): Value(90.126, 1.0), ('A|B', 'F1-f'): Value(float('nan'))}, {'C_1': 'no data x'}
    )
    paper = Row('net', 'paper', {('A|B', 'ACC'): Value(91)})
    return Table(
        'A title', GROUPS, FIGURES, (ours, paper, Row('net', 'difference', {('A|B', 'ACC'): Value(-0.874)})), ('Why.',)
    )


def test_mean_and_sample_standard_deviation():
    runs = [80.0, 81.5, 86.0]
    value = Value.over_runs(runs)
    assert value.mean == pytest.approx(np.mean(runs))
    assert value.std == pytest.approx(np.std(runs, ddof=1))
    assert Value.over_runs([80.0]) == Value(80.0, None)
    assert Value.over_runs([]) is None
    assert math.isnan(Value.over_runs([80.0, float('nan')]).mean), 'an undefined run is not left out silently'


def test_markdown(table):
    assert table.markdown().splitlines() == [
        '**A title**',
        '',
        '| | | A\\|B ACC | A\\|B F1-f | C_1 ACC | C_1 F1-f |',
        '|---|---|--:|--:|--:|--:|',
        '| net | ours | 90.13 ± 1.00 | nan | no data x |  |',
        '| net | paper | 91.00 |  |  |  |',
        '| net | difference | -0.87 |  |  |  |',
        '',
        'Why.',
    ]


def test_latex(table):
    lines = table.latex().splitlines()
    assert lines[1] == r'\begin{tabular}{llrrrr}'
    assert r'\multicolumn{2}{c}{C\_1}' in lines[3]
    assert r'net & ours & 90.13\,$\pm$\,1.00 & nan & no data x &  \\' in lines
    assert lines[-2:] == [r'\end{tabular}', '% Why.']


def test_latex_takes_any_text():
    ours = Row(r'a_{1}^2~b\c', 'ours', {}, {'x -> y': '100% & $5 #1'})
    lines = Table('A title', ('x -> y',), ('ACC',), (ours,), ('Two\nlines.',)).latex().splitlines()
    expected = r'a\_\{1\}\textasciicircum{}2\textasciitilde{}b\textbackslash{}c & ours & 100\% \& \$5 \#1 \\'
    assert expected in lines
    assert r'\multicolumn{1}{c}{x $\rightarrow$ y}' in lines[3]
    assert lines[-1] == '% Two lines.'


def test_csv_has_a_line_for_every_figure(table):
    lines = list(csv.DictReader(io.StringIO(table.csv())))
    assert len(lines) == 3 * 4
    assert lines[0] == dict(row='net', source='ours', group='A|B', figure='ACC', mean='90.126', std='1.0', note='')
    assert lines[2] == dict(row='net', source='ours', group='C_1', figure='ACC', mean='', std='', note='no data x')


def test_files(table, tmp_path):
    table.write(tmp_path / 'new', 'name', versions={'torch': '2'}, cells=[{'AUC': float('nan')}])
    assert {path.name for path in (tmp_path / 'new').iterdir()} == {
        f'name.{end}' for end in ('md', 'csv', 'tex', 'json')
    }
    content = json.loads((tmp_path / 'new' / 'name.json').read_text())
    assert content['versions'] == {'torch': '2'}
    assert content['cells'] == [{'AUC': None}]
    assert content['rows'][0]['figures'] == [
        dict(group='A|B', figure='ACC', mean=90.126, std=1.0),
        dict(group='A|B', figure='F1-f', mean=None, std=None),
    ]


def test_beside_the_paper():
    ours = Row('ours-c', 'ours', {('OFV2', 'ACC'): Value(99.0), ('OFV2', 'AUC'): Value(float('nan'))})
    _, paper, difference = beside_paper(ours, TABLES['II'], 'MoNFAP-C')
    assert paper.values['FFIW', 'IoU-f'] == Value(83.15)
    assert difference.values == {('OFV2', 'ACC'): Value(pytest.approx(-0.10))}
    assert len(beside_paper(ours, TABLES['II'], 'MoNFAP-C', difference=False)) == 2
    assert beside_paper(ours, TABLES['II'], 'unknown') == [ours]
    assert beside_paper(ours, None, 'MoNFAP-C') == [ours]


def test_average_needs_all_test_sets():
    row = Row('net', 'ours', {('A', 'ACC'): Value(80.0), ('B', 'ACC'): Value(90.0), ('A', 'AUC'): Value(70.0)})
    averaged = with_average(row, ('A', 'B'), ('ACC', 'AUC'))
    assert averaged.values['Average', 'ACC'] == Value(85.0)
    assert ('Average', 'AUC') not in averaged.values
