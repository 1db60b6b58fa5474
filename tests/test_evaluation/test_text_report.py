import pytest

from monfap_mm.evaluation.figures import all_figures
from monfap_mm.evaluation.result_table import ResultTable
from monfap_mm.evaluation.text_report import detailed_report, paper_report

from .records import make_record


def cells(line):
    return [cell.strip() for cell in line.strip('|').split('|')]


@pytest.fixture(scope='module')
def figures():
    """Each figure another value, so that a cell tells which it shows."""
    keys = all_figures(ResultTable.from_records([make_record(i) for i in range(5)]))
    return {key: number + 0.25 for number, key in enumerate(keys)}


def test_paper_figures_in_a_row():
    header, row = (
        cells(line) for line in paper_report(dict(ACC=98.765, AUC=float('nan')), 3, 4).splitlines()[1::2][:2]
    )
    assert header == ['real', 'fake', 'ACC', 'AUC']
    assert row == ['3', '4', '98.77', 'nan']


def test_every_figure_is_in_its_cell(figures):
    lines = [cells(line) for line in detailed_report(figures).splitlines() if line.startswith('|')]
    images = dict(zip(lines[0], lines[1]))
    assert images.pop('images') == ''
    assert images.pop('best-ACC') == (f'{figures["image/best-ACC"]:.2f} at {figures["image/best-ACC-threshold"]:.3f}')
    names = ('balanced-ACC', 'AP', 'EER', 'F1', 'TPR@1%FPR', 'TPR@0.1%FPR', 'ECE')
    assert images == {name: f'{figures[f"image/{name}"]:.2f}' for name in names}

    header, *rows = lines[2:9]
    assert header == ['pixels', 'averaged', 'F1', 'IoU', 'MCC', 'AUC', 'AP', 'best-F1', 'FPR', 'left out']
    pixels = {(row[0], row[1]): dict(zip(header[2:], row[2:])) for row in rows}
    for population in ('manipulated', 'all'):
        micro, per_image = (f'pixel/{population}/{average}/' for average in ('micro', 'per_image'))
        expected = {name: f'{figures[micro + name]:.2f}' for name in ('F1', 'IoU', 'MCC', 'AUC', 'AP', 'best-F1')}
        for name in ('AUC', 'AP'):
            expected[name] += f' ±{figures[f"{micro}{name}-bin-bound"]:.2g}'
        expected['best-F1'] += f' at {figures[micro + "best-F1-threshold"]:.3f}'
        assert pixels[population, 'micro'] == expected | {'FPR': '', 'left out': ''}
        expected = {name: f'{figures[per_image + name]:.2f}' for name in ('F1', 'IoU', 'MCC', 'AUC', 'AP', 'best-F1')}
        counts = [int(figures[f'{per_image}{name}-undefined']) for name in expected]
        left_out = f'{min(counts)} to {max(counts)}'
        assert pixels[population, 'per image'] == expected | {'FPR': '', 'left out': left_out}
    rate, rate_per_image, left_out = (
        figures[f'pixel/authentic/{key}'] for key in ('micro/FPR', 'per_image/FPR', 'per_image/FPR-undefined')
    )
    assert (pixels['authentic', 'micro']['FPR'], pixels['authentic', 'micro']['left out']) == (f'{rate:.2f}', '')
    assert pixels['authentic', 'per image']['FPR'] == f'{rate_per_image:.2f}'
    assert pixels['authentic', 'per image']['left out'] == f'{int(left_out)}'

    header, *rows = lines[9:]
    assert header == ['manipulated faces', 'number', 'found (recall at IoU 0.5)']
    sizes = ('small', 'medium', 'large', 'all')
    assert rows == [[s, f'{int(figures[f"face/{s}/count"])}', f'{figures[f"face/{s}/recall"]:.2f}'] for s in sizes]


def test_one_number_of_images_left_out(figures):
    same = {key: 7 if key.endswith('-undefined') else value for key, value in figures.items()}
    lines = [cells(line) for line in detailed_report(same).splitlines() if line.startswith('|')]
    assert {line[-1] for line in lines[2:9] if line[1] == 'per image'} == {'7'}
