import json
import os
import shutil

import pytest

from monfap_mm.cli import main
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.jobs.shards import Shard

from .answered import answers


@pytest.fixture
def photos(data, tmp_path):
    """Seven pictures below one folder, one of them broken."""
    folder = tmp_path / 'photos'
    (folder / 'deep').mkdir(parents=True)
    for name, target in (('a', 'a'), ('b', 'b'), ('c', 'c'), ('a', 'deep/a'), ('b', 'deep/b'), ('c', 'deep/z')):
        shutil.copy(data / f'{name}.png', folder / f'{target}.png')
    (folder / 'broken.jpg').write_bytes(b'\xff\xd8')
    return folder


@pytest.fixture
def predict(arguments, photos, tmp_path):
    """Runs a part; arguments end with ``--out DIR``."""

    def run(shard, *more, path=photos, out=tmp_path / 'out'):
        return main(['predict', str(path), *arguments[:-1], str(out), *more, *(['--shard', shard] if shard else [])])

    return run


def plain(found: dict) -> dict:
    """What does not depend on which pictures were predicted together, as rounding does."""
    keys = ('kind', 'size', 'label', 'note', 'error', 'source')
    return {path: {key: values[key] for key in keys} for path, values in found.items()}


def test_parts_give_the_answers_of_one_run(photos, predict, tmp_path, capsys):
    out, whole = tmp_path / 'out', tmp_path / 'whole'
    assert predict(None, '--evidence', 'all', out=whole) == 0
    for part in ('2/3', '3/3', '1/3'):
        assert predict(part, '--evidence', 'all') == 0
    parts = [answers(Shard(number, 3).folder(out)) for number in (1, 2, 3)]
    assert [len(part) for part in parts] == [
        sum(Shard(number, 3).has(os.path.relpath(path, photos)) for path in answers(whole)) for number in (1, 2, 3)
    ]
    assert all(parts)
    capsys.readouterr()
    assert main(['merge', str(out), str(photos)]) == 0
    found = answers(out)
    assert plain(found) == plain(answers(whole))
    expected = [values['score'] for values in answers(whole).values() if values['error'] is None]
    assert [values['score'] for values in found.values() if values['error'] is None] == pytest.approx(
        expected, abs=1e-5
    )
    assert list(found) == sorted(found)
    for values in found.values():
        assert set(values['files']) == (set() if values['error'] else {'mask', 'overlay', 'evidence'})
        assert all((out / name).is_file() for name in values['files'].values())
    assert (out / 'summary.csv').read_text().count('\n') == 8
    report = (out / 'report.html').read_text()
    assert report.count('<img ') == (whole / 'report.html').read_text().count('<img ') == 6
    run = json.loads((out / 'run.json').read_text())
    assert run.pop('shards') == 3
    assert run == json.loads((whole / 'run.json').read_text())


def test_a_part_is_the_same_wherever_the_folder_lies(photos, predict, tmp_path, monkeypatch):
    shutil.copytree(photos, tmp_path / 'elsewhere' / 'mount')
    assert predict('1/2', out=tmp_path / 'one') == 0
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert predict('1/2', path='mount/', out=tmp_path / 'other') == 0
    one, other = (answers(Shard(1, 2).folder(tmp_path / name)) for name in ('one', 'other'))
    assert [os.path.relpath(path, photos) for path in one] == [os.path.relpath(path, 'mount') for path in other]


def test_a_file_named_twice_is_answered_once(photos, predict, arguments, tmp_path):
    for part in ('1/2', '2/2'):
        paths = [str(photos), str(photos / 'deep'), str(photos / 'deep' / 'a.png')]
        assert main(['predict', *paths, *arguments, '--shard', part]) == 0
    assert main(['merge', str(tmp_path / 'out')]) == 0
    assert len(answers(tmp_path / 'out')) == 7


def test_missing_and_unfinished_parts(photos, predict, tmp_path, capsys):
    out = tmp_path / 'out'
    assert predict('1/2') == 0
    assert main(['merge', str(out)]) == 2
    assert 'lacks 1 of 2 shards: 2' in capsys.readouterr().err
    assert predict('2/2') == 0
    with only_writer(Shard(2, 2).folder(out)):
        assert main(['merge', str(out)]) == 2
    assert 'Another run is at work' in capsys.readouterr().err
    # As a kill leaves it: it was begun, and has not said that it is finished.
    (Shard(2, 2).folder(out) / 'shard.json').unlink()
    assert main(['merge', str(out)]) == 2
    assert 'not finished, so run again with --resume: shards 2/2' in capsys.readouterr().err
    assert predict('2/2', '--resume') == 0
    assert main(['merge', str(out)]) == 0


def test_a_new_picture_between_two_parts(photos, predict, tmp_path, capsys):
    out = tmp_path / 'out'
    assert predict('1/2') == 0
    shutil.copy(photos / 'a.png', photos / 'new.png')
    assert predict('2/2') == 0
    assert main(['merge', str(out)]) == 2
    assert '1/2 saw 7, 2/2 saw 8' in capsys.readouterr().err
    assert predict('1/2', '--resume') == 0
    assert main(['merge', str(out), str(photos)]) == 0
    assert len(answers(out)) == 8
    # One that came after all parts is named.
    shutil.copy(photos / 'a.png', photos / 'newer.png')
    assert main(['merge', str(out), str(photos)]) == 1
    assert f'no answer for {photos / "newer.png"}' in capsys.readouterr().err


def test_parts_of_other_settings(photos, predict, tmp_path, capsys):
    assert predict('1/2') == 0
    assert predict('2/2', '--threshold', '0.25') == 0
    assert main(['merge', str(tmp_path / 'out')]) == 2
    assert (
        'shard 2/2 was made with other settings than the first one (threshold: 0.5 and 0.25)' in capsys.readouterr().err
    )
    assert not (tmp_path / 'out' / 'predictions.jsonl').exists()


def test_a_run_without_parts_is_left_alone(photos, predict, tmp_path, capsys):
    out = tmp_path / 'out'
    assert predict(None) == 0
    before = (out / 'predictions.jsonl').read_bytes()
    assert predict('1/1') == 2
    assert 'is of a run without shards' in capsys.readouterr().err
    shutil.copytree(out, Shard(1, 1).folder(tmp_path / 'other'))
    shutil.copytree(tmp_path / 'other' / 'shards', out / 'shards')
    assert main(['merge', str(out)]) == 2
    assert (out / 'predictions.jsonl').read_bytes() == before


def test_bad_arguments(photos, predict, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        predict('3/2')
    assert stop.value.code == 2
    assert 'counted from 1/2 to 2/2' in capsys.readouterr().err
    assert predict('1/2', out='-') == 2
    assert '--shard needs a folder' in capsys.readouterr().err
    assert main(['merge', str(tmp_path / 'nowhere')]) == 2
    assert 'has no shards' in capsys.readouterr().err
