"""The protocol runner as a user runs it: twice, with a checkpoint that is missing and a test that breaks."""

import json

import pytest

from .conftest import tool

PROTOCOL = """
title: Tiny
table: II
groups: [OFV2, FFIW]
average: true
rows:
  MoNFAP-C:
    OFV2: {{config: {config}, checkpoint: '{work_dir}/best_*.pth'}}
    FFIW:
      config: {config}
      checkpoint: {work_dir}/epoch_1.pth
      cfg_options: {{test_dataloader.batch_size: 3, data_root: 'with space'}}
  missing:
    OFV2: {{config: {config}, checkpoint: gone.pth}}
    FFIW:
      config: {config}
      checkpoint: {work_dir}/epoch_1.pth
      cfg_options: {{test_dataloader.dataset.ann_file: gone.txt}}
"""


@pytest.fixture(scope='module')
def cwd(trained, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp('benchmark')
    (folder / 'tiny.yml').write_text(PROTOCOL.format(config=config, work_dir=trained))
    return folder


@pytest.fixture(scope='module')
def first(cwd):
    return tool('benchmark.py', 'tiny.yml', '--jobs', '2', cwd=cwd).stdout


def results(cwd):
    return {
        path.parent.name: path.stat().st_mtime_ns for path in cwd.glob('work_dirs/benchmarks/tiny/cells/*/result.json')
    }


def test_table_with_ours_the_papers_and_named_empty_cells(first, cwd, tested):
    figures = json.loads(next(tested.glob('figures/2*/*.json')).read_text())
    table = (cwd / 'work_dirs' / 'benchmarks' / 'tiny' / 'tiny.md').read_text()
    assert table in first
    ours, paper, difference = (line for line in table.splitlines() if line.startswith('| MoNFAP-C'))
    assert f'| {figures["forgery/ACC"]:.2f} |' in ours
    assert paper.startswith('| MoNFAP-C | paper | 99.10 | 99.91 | 94.82 | 90.15 | 92.15 |')
    assert f'| {figures["forgery/ACC"] - 99.10:+.2f} |' in difference
    missing = next(line for line in table.splitlines() if line.startswith('| missing'))
    assert 'no checkpoint gone.pth' in missing
    assert 'gone.txt' in missing
    assert '| CATNet | paper | 95.58 |' in table


def test_options_reach_the_test_as_they_are(first, cwd):
    logs = ''.join(path.read_text() for path in cwd.glob('work_dirs/benchmarks/tiny/cells/*/test.log'))
    assert "data_root = 'with space'" in logs


def test_scores_of_every_image_are_kept(first, cwd):
    scores = list(cwd.glob('work_dirs/benchmarks/tiny/cells/*/scores.jsonl'))
    assert len(scores) == 2
    done = tool('analysis_tools/eval_metric.py', scores[0], '--figures', 'ACC', '--bootstrap', '10', cwd=cwd)
    assert '| ACC ' in done.stdout


def test_a_figure_that_the_metric_does_not_give(first, cwd):
    text = (cwd / 'tiny.yml').read_text().replace('table: II', 'figures: [ACC, EER]')
    (cwd / 'eer.yml').write_text(text)
    tool('benchmark.py', 'eer.yml', '--work-dir', 'work_dirs/benchmarks/tiny', cwd=cwd)
    table = (cwd / 'work_dirs' / 'benchmarks' / 'tiny' / 'eer.csv').read_text()
    assert 'MoNFAP-C,ours,OFV2,EER,,,the test gives no forgery/EER' in table


def test_where_the_figures_come_from(first, cwd):
    content = json.loads((cwd / 'work_dirs' / 'benchmarks' / 'tiny' / 'tiny.json').read_text())
    one, other = content['cells']
    assert one['provenance']['config'] != other['provenance']['config'], 'the options belong to the config'
    assert one['provenance']['lists'] == other['provenance']['lists']
    assert set(one['provenance']) == {'config', 'checkpoint', 'lists'}
    assert 'torch' in one['versions']


def test_what_is_done_is_not_done_again(first, cwd):
    before = results(cwd)
    assert len(before) == 2
    cell = sorted(before)[0]
    (cwd / 'work_dirs' / 'benchmarks' / 'tiny' / 'cells' / cell / 'result.json').unlink()
    tool('benchmark.py', 'tiny.yml', cwd=cwd)
    after = results(cwd)
    assert {name for name in after if after[name] == before[name]} == set(before) - {cell}


def test_a_test_that_breaks_keeps_the_others(first, cwd):
    text = (cwd / 'tiny.yml').read_text() + '  broken:\n    OFV2: {config: broken.py, checkpoint: broken.pth}\n'
    (cwd / 'tiny.yml').write_text(text)
    config = text.split('config: ')[1].split(',')[0]
    (cwd / 'broken.py').write_text(f'_base_ = {config!r}\n')
    (cwd / 'broken.pth').write_bytes(b'no checkpoint')
    done = tool('benchmark.py', 'tiny.yml', cwd=cwd, check=False)
    assert done.returncode == 1
    assert '1 tests failed' in done.stderr
    assert 'broken on OFV2:' in done.stdout
    table = (cwd / 'work_dirs' / 'benchmarks' / 'tiny' / 'tiny.md').read_text()
    assert '| broken | ours | ' in table
    assert '| MoNFAP-C | difference |' in table


def test_mistakes_in_the_file(cwd):
    (cwd / 'bad.yml').write_text('titel: x\n')
    done = tool('benchmark.py', 'bad.yml', cwd=cwd, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == "benchmark: bad.yml: unknown key titel; did you mean 'title'?"
