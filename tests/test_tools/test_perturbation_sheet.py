"""The contact sheet."""

import runpy
import sys

import numpy as np
import pytest
from PIL import Image

from monfap_mm.datasets.perturbations import load_table

from ..older_file import OlderFile
from ..test_datasets.files import photo, save
from .conftest import ROOT

SCRIPT = str(ROOT / 'tools/analysis_tools/perturbation_sheet.py')


def test_shows_each_perturbation_at_three_severities():
    tool = runpy.run_path(SCRIPT, run_name='sheet')
    image, side, gap = photo(48, 48), tool['TILE'], tool['GAP']
    picture = np.asarray(tool['sheet'](image))
    table = load_table()
    rows = sum(-(-len(entries) // 4) for entries in table.values())
    height = gap + rows * (side + tool['CAPTION'] + gap) + len(table) * tool['HEADING']
    assert picture.shape == (height, gap + 4 * (3 * side + gap), 3)
    top = gap + tool['HEADING'] + tool['CAPTION']
    for column, entry in enumerate(table['color'][:4]):
        for number, severity in enumerate((1, 3, 5)):
            left = gap + column * (3 * side + gap) + number * side
            expected = np.asarray(tool['tile'](entry.build(severity)(image, None, 0)[0]))
            np.testing.assert_array_equal(picture[top : top + side, left : left + side], expected)


def test_command(tmp_path, monkeypatch, capsys):
    image = save(tmp_path / 'photo.png', photo(48, 64))
    monkeypatch.setattr(sys, 'argv', ['sheet', str(tmp_path / 'new/sheet.jpg'), '--image', image])
    older = OlderFile(tmp_path / 'new/sheet.jpg')
    runpy.run_path(SCRIPT, run_name='__main__')
    assert older.was_replaced_as_a_whole()
    with Image.open(tmp_path / 'new/sheet.jpg') as picture:
        assert picture.format == 'JPEG'
    monkeypatch.setattr(sys, 'argv', ['sheet', str(tmp_path / 'sheet.jpg'), '--image', str(tmp_path / 'none.png')])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(SCRIPT, run_name='__main__')
    message = capsys.readouterr().err
    assert (stop.value.code, message.startswith('perturbation_sheet: '), 'none.png' in message) == (2, True, True)
