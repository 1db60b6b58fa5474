"""Testing a cell, with a stand-in for tools/test.py."""

import json

import pytest

from monfap_mm.engine.cfg_options import OptionError
from monfap_mm.protocols import Cell, NotThereError, ToolError, run_cell
from monfap_mm.utils.provenance import hash_file

TEST = """
import sys
from pathlib import Path
config, checkpoint, _, folder, _, out = sys.argv[1:]
times = Path(folder) / '20261125_000000'
times.mkdir(parents=True, exist_ok=True)
(times / '20261125_000000.json').write_text('{"forgery/AUC": 75.5, "forgery/ACC": NaN}')
with open(Path(config).parent / 'calls.txt', 'a') as calls:
    print(Path(config).read_text().count('lr = 3'), Path(out).name, file=calls)
"""
TRAIN = """
import sys
from pathlib import Path
folder = Path(sys.argv[3])
(folder / 'best_1.pth').write_bytes(b'trained')
with open(folder / 'trained.txt', 'a') as file:
    print('once', file=file)
"""
CONFIG = """
lr = 1
test_dataloader = dict(dataset=dict(type='ForgeryDataset', data_root={root!r}, ann_file='list.txt', pipeline=[]))
"""


@pytest.fixture
def run(tmp_path):
    """Tests the cell, with options."""
    (tmp_path / 'test.py').write_text(TEST)
    (tmp_path / 'list.txt').write_text('x.png\t0\n')
    (tmp_path / 'c.py').write_text(CONFIG.format(root=str(tmp_path)))
    (tmp_path / 'c.pth').write_bytes(b'weights')

    def run_it(**options):
        cell = Cell('row', 'group', tmp_path / 'c.py', tmp_path / 'c.pth', options)
        return run_cell(cell, tmp_path / 'cell', tmp_path)

    return run_it


def calls(tmp_path) -> list[str]:
    return (tmp_path / 'cell' / 'calls.txt').read_text().splitlines()


def test_tested_once_and_the_very_config_that_was_hashed(run, tmp_path):
    first = run(lr=3)
    assert first['figures']['forgery/AUC'] == 75.5
    again = run(lr=3)
    assert again['provenance'] == first['provenance']
    assert calls(tmp_path) == ['1 scores.jsonl']


@pytest.mark.parametrize(
    ('change', 'kind'),
    [('options', 'config'), ('c.py', 'config'), ('c.pth', 'checkpoint'), ('list.txt', 'lists')],
)
def test_tested_again_if_anything_has_changed(run, tmp_path, change, kind):
    before = run()['provenance']
    options = {}
    if change == 'options':
        options = dict(lr=3)
    else:
        with (tmp_path / change).open('a') as file:
            file.write('momentum = 0.9\n')
    after = run(**options)['provenance']
    assert len(calls(tmp_path)) == 2
    assert {key for key in before if before[key] != after[key]} == {kind}


@pytest.mark.parametrize(('name', 'said'), [('c.py', 'no config'), ('c.pth', 'no checkpoint'), ('list.txt', 'no data')])
def test_what_is_missing_is_named(run, tmp_path, name, said):
    (tmp_path / name).unlink()
    with pytest.raises(NotThereError, match=f'{said} .*{name}'):
        run()


def test_a_typing_error_in_an_option_is_refused(run, tmp_path):
    with pytest.raises(OptionError, match='did you mean test_dataloader?'):
        run(**{'test_dataloder.batch_size': 3})
    assert not (tmp_path / 'cell').exists()


def test_a_cell_without_checkpoint_is_trained_once(run, tmp_path):
    (tmp_path / 'train.py').write_text(TRAIN)
    with (tmp_path / 'c.py').open('a') as config:
        config.write('train_dataloader = val_dataloader = test_dataloader\n')
    cell = Cell('row', 'group', tmp_path / 'c.py', None, {})
    first, second = (run_cell(cell, tmp_path / 'cell', tmp_path) for _ in range(2))
    assert first == second
    assert first['provenance']['checkpoint'] == hash_file(tmp_path / 'cell' / 'training' / 'best_1.pth')
    assert (tmp_path / 'cell' / 'training' / 'trained.txt').read_text() == 'once\n'
    assert calls(tmp_path) == ['0 scores.jsonl']


def test_a_failure_keeps_no_result(run, tmp_path):
    (tmp_path / 'test.py').write_text('raise SystemExit("broken")')
    with pytest.raises(ToolError, match='^broken'):
        run()
    assert not (tmp_path / 'cell' / 'result.json').exists()
    (tmp_path / 'test.py').write_text(TEST)
    result = run()
    kept = json.loads((tmp_path / 'cell' / 'result.json').read_text())
    assert kept['provenance'] == result['provenance']
    assert 'torch' in kept['versions']
