"""A row of Table VI trained over two seeds, on tiny data."""

import json

import numpy as np
import pytest

from .conftest import SIZE, tool


@pytest.fixture(scope='module')
def command(data):
    loaders = [
        option
        for split in ('train', 'val', 'test')
        for option in (
            f'{split}_dataloader.dataset.data_root={data}',
            f'{split}_dataloader.num_workers=0',
        )
    ]
    short = ['train_cfg.max_epochs=1', f'model.data_preprocessor.size=({SIZE},{SIZE})']
    rows = ['VI', '--rows', '+FUP', '--demo']
    return ['ablations.py', *rows, '--cfg-options', *loaders, *short]


@pytest.fixture(scope='module')
def cwd(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp('ablations')
    tool(*command, '--seeds', '0', '1', '--jobs', '2', cwd=folder)
    return folder


def test_mean_and_deviation_over_the_seeds(cwd):
    work_dir = cwd / 'work_dirs' / 'ablations_demo'
    results = [json.loads((work_dir / 'table06_fup' / f'seed{seed}' / 'result.json').read_text()) for seed in (0, 1)]
    runs = [result['figures']['forgery/AUC'] for result in results]
    lines = (work_dir / 'table_vi.md').read_text().splitlines()
    ours = next(line for line in lines if line.startswith('| +FUP | ours'))
    assert f'| {np.mean(runs):.2f} ± {np.std(runs, ddof=1):.2f} |' in ours
    assert '| +FUP | paper | 91.82 | 97.78 | 90.29 | 82.30 |' in lines
    assert 'not run' not in next(line for line in (work_dir / 'table_vi.csv').open() if line.startswith('+FUP,ours'))
    assert '| baseline | ours | not run |  |  |  |' in lines


def test_what_is_trained_is_not_trained_again_and_a_broken_training_stops_no_other(cwd, command):
    result = cwd / 'work_dirs' / 'ablations_demo' / 'table06_fup' / 'seed0' / 'result.json'
    before = result.stat().st_mtime_ns
    other = cwd / 'work_dirs' / 'ablations_demo' / 'table06_fup' / 'seed1' / 'result.json'
    content = json.loads(other.read_text())
    other.write_text(json.dumps({**content, 'key': 'of another config'}))
    done = tool(*command, '--seeds', '0', '1', '0', cwd=cwd, check=False)
    assert result.stat().st_mtime_ns == before
    assert done.returncode == 1
    assert 'holds a training with another config or other data: move it away' in done.stdout
    assert '+FUP: made with 1 of 2 seeds, the others failed: ' in done.stdout
    other.write_text(json.dumps(content))


def test_a_killed_training_does_not_go_on_with_other_options(cwd, command):
    folder = cwd / 'work_dirs' / 'ablations_demo' / 'table06_fup' / 'seed2'
    folder.mkdir()
    (folder / 'started.json').write_text(json.dumps({'key': 'with other options'}))
    done = tool(*command, '--seeds', '2', cwd=cwd, check=False)
    assert 'holds a training with another config or other data: move it away' in done.stdout


def test_rows_of_earlier_runs_stay_in_the_table(cwd, command):
    folder = cwd / 'work_dirs' / 'ablations_demo' / 'table06_baseline' / 'seed0'
    folder.mkdir(parents=True)
    (folder / 'started.json').write_text(json.dumps({'key': 'so that it fails at once'}))
    other_row = ['baseline' if word == '+FUP' else word for word in command]
    done = tool(*other_row, '--seeds', '0', cwd=cwd, check=False)
    figures = json.loads((folder.parents[1] / 'table06_fup' / 'seed0' / 'result.json').read_text())['figures']
    assert f'| +FUP | ours | {figures["forgery/ACC"]:.2f} |' in done.stdout
    assert '| baseline | ours | failed |' in done.stdout


def test_unknown_row(cwd):
    done = tool('ablations.py', 'VI', '--rows', 'FUP', cwd=cwd, check=False)
    assert done.returncode == 2
    assert "unknown rows ['FUP'], the tables have" in done.stderr
