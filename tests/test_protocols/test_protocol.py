import os
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from monfap_mm.engine.cfg_options import merge_options
from monfap_mm.protocols import TABLES, ProtocolError, load_protocol

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / 'configs' / 'benchmarks').glob('*.yml'))
GOOD = """
title: A table
table: II
groups: [OFV2, FFIW]
rows:
  MoNFAP-C:
    FFIW: {config: sub/c.py, checkpoint: c.pth, cfg_options: {test_dataloader.batch_size: 1}}
    OFV2: {config: d.py, checkpoint: 'best_*.pth'}
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name='protocol.yml'):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_cells_in_the_order_of_the_groups(write, tmp_path):
    protocol = load_protocol(write(GOOD))
    assert (protocol.name, protocol.title, protocol.groups) == ('protocol', 'A table', ('OFV2', 'FFIW'))
    assert protocol.paper is TABLES['II']
    assert protocol.figures == {figure: f'forgery/{figure}' for figure in ('ACC', 'AUC', 'F1-f', 'IoU-f')}
    first, second = protocol.cells
    assert (first.group, first.config, first.options) == ('OFV2', tmp_path / 'd.py', {})
    assert (second.group, second.config) == ('FFIW', tmp_path / 'sub' / 'c.py')
    assert second.options == {'test_dataloader.batch_size': 1}
    assert second.checkpoint == Path('c.pth')


def test_a_cell_that_is_trained_first(write):
    first, second = load_protocol(write(GOOD.replace("checkpoint: 'best_*.pth'", 'train: true'))).cells
    assert (first.checkpoint, second.checkpoint) == (None, Path('c.pth'))


def test_the_newest_checkpoint_that_matches(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for age, name in enumerate(('best_9.pth', 'best_10.pth')):
        (tmp_path / name).touch()
        os.utime(name, (0, 100 - age))
    assert load_protocol(write(GOOD)).cells[0].checkpoint == Path('best_9.pth')


def test_names_that_yaml_reads_as_numbers(write):
    text = GOOD.replace('table: II', '').replace('OFV2', '2019')
    assert [cell.group for cell in load_protocol(write(text)).cells] == ['2019', 'FFIW']


def test_python_and_other_figures(write):
    path = write(
        "title, groups, figures, average = 'T', ['A'], {'F1': 'forgery/f'}, True\n"
        "rows = {'net': {'A': dict(config='c.py', checkpoint='c.pth')}}\n",
        'protocol.py',
    )
    protocol = load_protocol(path)
    assert protocol.figures == {'F1': 'forgery/f'}
    assert protocol.average
    assert protocol.paper is None


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('groups:', 'group:', "unknown key group; did you mean 'groups'"),
        ('title: A table', '', 'missing title'),
        ('table: II', 'table: XX', "table is 'XX', the paper has II, III"),
        ('    FFIW:', '    FFWI:', "unknown key rows.MoNFAP-C.FFWI; did you mean 'FFIW'"),
        (
            'checkpoint: c.pth',
            'chekpoint: c.pth',
            "unknown key rows.MoNFAP-C.FFIW.chekpoint; did you mean 'checkpoint'",
        ),
        ('config: d.py, ', '', 'missing rows.MoNFAP-C.OFV2.config'),
        ('{config: d.py', 'x #{config: d.py', 'rows.MoNFAP-C.OFV2 must have config and checkpoint'),
        ('groups: [OFV2, FFIW]', 'groups: [OFV2, FFIW', 'is no protocol'),
        ('table: II', 'figures: 3', 'figures must be a list of names'),
        ('table: II', 'figures: {}', 'figures must be a list of names'),
        ('table: II', 'table: [II]', r"table must be the name of one of the paper's tables, got \['II'\]"),
        ('table: II', 'average: "no"', "average must be true or false, got 'no'"),
        ('groups: [OFV2, FFIW]', 'groups: OFV2', "groups must be a list of names of test sets, got 'OFV2'"),
        ('groups: [OFV2, FFIW]', 'groups: []', r'groups must be a list of names of test sets, got \[\]'),
        ('config: d.py', 'config: [d.py]', 'rows.MoNFAP-C.OFV2: config and checkpoint must be paths'),
        ('checkpoint: c.pth', 'checkpoint: null', 'rows.MoNFAP-C.FFIW: config and checkpoint must be paths'),
        ('{test_dataloader.batch_size: 1}', '[a=1]', 'cfg_options a mapping'),
        ('checkpoint: c.pth', 'train: true, checkpoint: c.pth', 'train must be true, and then there is no checkpoint'),
        ('checkpoint: c.pth', 'train: 1', 'train must be true, and then there is no checkpoint'),
        ('checkpoint: c.pth', 'train: false', 'missing rows.MoNFAP-C.FFIW.checkpoint'),
        ('    OFV2: {', '    FFIW: {', "the key 'FFIW' is there twice"),
        (GOOD, 'a text', 'it must have the keys title, table'),
    ],
)
def test_mistakes_are_named(write, old, new, message):
    assert old in GOOD
    with pytest.raises(ProtocolError, match=message) as raised:
        load_protocol(write(GOOD.replace(old, new)))
    assert 'protocol.yml' in str(raised.value)


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='no protocol file missing.yml'):
        load_protocol('missing.yml')


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_shipped_protocols_name_configs_that_exist(path):
    protocol = load_protocol(path)
    assert [cell.config for cell in protocol.cells if not cell.config.is_file()] == []
    if protocol.paper:
        shown = (*protocol.groups, 'Average') if protocol.average else protocol.groups
        assert shown == protocol.paper.groups
        assert tuple(protocol.figures) == protocol.paper.figures
        assert set(protocol.rows) & set(protocol.paper.rows)


def config_of(cell):
    cfg = Config.fromfile(cell.config)
    merge_options(cfg, cell.options)
    return cfg


def peers_of(table):
    (path,) = [path for path in SHIPPED if path.stem.startswith(table)]
    return [cell for cell in load_protocol(path).cells if 'baselines' in cell.config.parts]


@pytest.mark.parametrize('table', ['table02', 'table03', 'table04', 'table05'])
def test_all_rows_of_the_paper_are_there(table):
    (path,) = [path for path in SHIPPED if path.stem.startswith(table)]
    protocol = load_protocol(path)
    assert set(protocol.paper.rows) <= set(protocol.rows)
    for row in protocol.rows:
        assert [cell.group for cell in protocol.cells if cell.row == row] == list(protocol.groups)


@pytest.mark.parametrize('table', ['table02', 'table03', 'table04', 'table05'])
def test_peers_are_tested_with_what_was_trained_on_the_set_of_the_column(table):
    cells = peers_of(table)
    assert cells
    for cell in cells:
        assert cell.checkpoint.parent == Path('work_dirs') / cell.config.stem
        trained = 'CASIA v2' if table == 'table05' else cell.group.split(' -> ')[0]
        assert (
            Config.fromfile(cell.config).train_dataloader.dataset.data_root
            == {
                'OFV2': 'data/ofv2',
                'FFIW': 'data/ffiw',
                'CASIA v2': 'data/casia2',
            }[trained]
        )


def test_peers_are_tested_on_the_set_of_the_column():
    roots = dict(COVER='coverage', Columbia='columbia', NIST16='nist16', CASIAv1='casia1', IMD2020='imd2020')
    for cell in peers_of('table05'):
        dataset = config_of(cell).test_dataloader.dataset
        assert (dataset.data_root, dataset.ann_file) == (f'data/{roots[cell.group]}', 'test.txt')
    for cell in peers_of('table03'):
        dataset = config_of(cell).test_dataloader.dataset
        dataset.pipeline = []
        assert len(DATASETS.build(dict(dataset, lazy_init=True)).list_files()) == 6
        assert (dataset.type, dataset.data_root) == ('ManualFakeDataset', 'data/manual_fake')


def test_peers_see_perturbed_images_and_then_what_they_always_see():
    perturbing = Config.fromfile(ROOT / 'configs/_base_/datasets/perturbed_pipelines_own-size.py').perturbed_loading
    for cell in peers_of('table04'):
        plain = Config.fromfile(cell.config).test_dataloader.dataset.pipeline
        steps = config_of(cell).test_dataloader.dataset.pipeline
        assert [as_tuples(step) for step in steps[:4]] == perturbing
        loading = ('LoadForgeryImage', 'LoadForgeryAnnotations', 'FreezeMask')
        after = [step for step in plain if step.type not in loading]
        assert [as_tuples(step) for step in steps[4:]] == [as_tuples(step) for step in after]


def as_tuples(step):
    return {key: tuple(value) if isinstance(value, list) else value for key, value in step.items()}
