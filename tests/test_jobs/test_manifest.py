import fcntl
import json
import multiprocessing

import pytest

from monfap_mm.jobs import manifest as module
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.manifest import Manifest


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'manifest.jsonl'


def fill(path, *records):
    with Manifest(path, {'seed': 1}) as manifest:
        for record in records:
            manifest.append(record)


def test_records_are_lines_after_the_settings(path):
    fill(path, {'key': 'a', 'n': 1}, {'key': 'b\n', 'n': 2})
    assert [json.loads(line) for line in path.read_text().split('\n')[:-1]] == [
        {'settings': {'seed': 1}},
        {'key': 'a', 'n': 1},
        {'key': 'b\n', 'n': 2},
    ]
    with Manifest(path, {'seed': 1}) as manifest:
        assert list(manifest.keys) == ['a', 'b\n']
        assert list(manifest.records(['b\n', 'missing', 'a'])) == [{'key': 'b\n', 'n': 2}, {'key': 'a', 'n': 1}]


def test_every_torn_end_is_dropped(path):
    fill(path, {'key': 'a'}, {'key': 'b'})
    whole = path.read_bytes()
    second = whole.index(b'\n') + 1
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with Manifest(path, {'seed': 1}) as manifest:
            for key in 'ab':
                if not manifest.is_done(key):
                    manifest.append({'key': key})
        assert path.read_bytes() == whole, (length, second)


def test_bad_records_are_not_done_and_the_later_record_counts(path):
    fill(path, {'key': 'a', 'bad': 'x'}, {'key': 'b'}, {'key': 'a', 'n': 2}, {'key': 'c', 'bad': 'y'})
    with Manifest(path, {'seed': 1}) as manifest:
        assert [key for key in 'abc' if manifest.is_done(key)] == ['a', 'b']
        copy = path.with_name('copy')
        manifest.write_sorted(copy, 'cba')
    assert copy.read_text().splitlines()[1:] == ['{"key": "c", "bad": "y"}', '{"key": "b"}', '{"key": "a", "n": 2}']


def test_other_settings_are_named(path):
    fill(path)
    with pytest.raises(JobError, match=r'seed \(1 there, 2 asked\), new \(None there, True asked\)'):
        Manifest(path, {'seed': 2, 'new': True})


@pytest.mark.parametrize('line', ['{', '[]', '{"no": "key"}', '\xff'])
def test_damage_is_named_with_its_line(path, line):
    fill(path, {'key': 'a'})
    path.write_bytes(path.read_bytes() + line.encode('latin1') + b'\n')
    with pytest.raises(JobError, match='line 3 is damaged'):
        Manifest(path, {'seed': 1})


def _hold(path, ready, release):
    with Manifest(path, {'seed': 1}):
        ready.set()
        release.wait(20)


def test_two_runs_never_share_a_manifest(path, monkeypatch):
    context = multiprocessing.get_context('fork')
    ready, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(path, ready, release))
    other.start()
    assert ready.wait(20)
    monkeypatch.setattr(module, '_PATIENCE_SECONDS', 0.3)
    with pytest.raises(JobError, match='Another run is at work'):
        Manifest(path, {'seed': 1})
    release.set()
    other.join()
    Manifest(path, {'seed': 1}).__exit__()


@pytest.mark.parametrize('replaced', [True, False])
def test_a_manifest_that_is_replaced_between_opening_and_locking_is_opened_anew(path, monkeypatch, replaced):
    """The run that held the lock puts the sorted manifest in place (or someone deletes it) and ends."""
    fill(path, {'key': 'a'})
    locked, lock = [], fcntl.flock

    def lock_late(file, how):
        if not locked and replaced:
            path.with_name('sorted').write_bytes(path.read_bytes())
            path.with_name('sorted').replace(path)
        elif not locked:
            path.unlink()
        locked.append(file)
        lock(file, how)

    monkeypatch.setattr(module.fcntl, 'flock', lock_late)
    fill(path, {'key': 'b'})
    assert len(locked) == 2
    keys = [json.loads(line)['key'] for line in path.read_text().splitlines()[1:]]
    assert keys == (['a', 'b'] if replaced else ['b'])
