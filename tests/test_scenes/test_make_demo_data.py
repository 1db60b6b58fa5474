import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/make_demo_data.py'


def test_command(tmp_path, monkeypatch, capsys):
    folder = tmp_path / 'demo'
    command = [str(TOOL), str(folder), *['--train', '2', '--val', '2', '--test', '2', '--size', '96', '--workers', '1']]
    monkeypatch.setattr('sys.argv', command)
    runpy.run_path(str(TOOL), run_name='__main__')
    assert '6 pictures of 96 x 96 pixels' in capsys.readouterr().out
    assert (folder / 'config.json').exists()
    runpy.run_path(str(TOOL), run_name='__main__')
    assert 'already holds this set' in capsys.readouterr().out
    monkeypatch.setattr('sys.argv', [*command, '--seed', '1'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    assert stop.value.code == 2
    assert 'holds another set' in capsys.readouterr().err
