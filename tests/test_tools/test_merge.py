import pytest

from tests.test_curation.openforensics_set import make_plain
from tests.test_curation.trees import hash_tree
from tests.test_tools.converters import convert_here


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    return make_plain(tmp_path_factory.mktemp('merge') / 'src', count=200)


def test_three_machines_of_which_one_is_killed(source, tmp_path, monkeypatch, capsys):
    """Any item of a converter's set is made once, whoever makes it, and the set is that of one machine."""
    whole, dst = tmp_path / 'whole', tmp_path / 'dst'
    assert convert_here(monkeypatch, 'openforensics', source, whole, '--workers', '1') == 0
    table = capsys.readouterr().out.split('\n206 items')[0]
    manifest = dst / 'shards' / '0002-of-0003' / 'manifest.jsonl'
    second = ('openforensics', source, dst, '--workers', '1', '--shard', '2/3')
    assert convert_here(monkeypatch, *second) == 0
    # As a kill leaves it: some lines, the last one torn, and no lists.
    manifest.write_bytes(b''.join(manifest.read_bytes().splitlines(keepends=True)[:9])[:-5])
    (manifest.parent / 'train.txt').unlink()
    monkeypatch.setenv('SLURM_ARRAY_TASK_ID', '1')
    monkeypatch.setenv('SLURM_ARRAY_TASK_COUNT', '3')
    assert convert_here(monkeypatch, 'openforensics', source, dst, '--workers', '1', '--shard', 'auto') == 0
    assert 'Shard 1/3 is in' in capsys.readouterr().out
    assert convert_here(monkeypatch, 'openforensics', source, dst, '--workers', '1', '--shard', '3/3') == 0
    assert convert_here(monkeypatch, 'merge', dst) == 2
    assert 'Shard 2/3 lacks' in capsys.readouterr().err
    assert convert_here(monkeypatch, *second) == 0
    assert 'done before' in capsys.readouterr().out
    assert convert_here(monkeypatch, 'merge', dst) == 0
    assert capsys.readouterr().out.startswith(table)
    assert hash_tree(dst) == hash_tree(whole)


@pytest.mark.parametrize('text', ['4/3', '0/3', 'third', 'auto'])
def test_a_shard_that_there_is_not(source, tmp_path, monkeypatch, capsys, text):
    assert convert_here(monkeypatch, 'openforensics', source, tmp_path / 'dst', '--shard', text) == 2
    assert 'argument --shard' in capsys.readouterr().err
    assert not (tmp_path / 'dst').exists()


def test_a_folder_without_shards(tmp_path, monkeypatch, capsys):
    assert convert_here(monkeypatch, 'merge', tmp_path) == 2
    assert 'has no shards' in capsys.readouterr().err
