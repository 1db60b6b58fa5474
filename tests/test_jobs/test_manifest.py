import json

import pytest

from monfap_mm.jobs.errors import JobError, JobStoppedError
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


def test_another_file_is_left_as_it_is(path):
    path.write_text('my thesis\nwithout an end')
    with pytest.raises(JobError, match='line 1 is damaged'):
        Manifest(path, {'seed': 1})
    assert path.read_text() == 'my thesis\nwithout an end'


def test_a_full_disk_is_told_apart(path, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device')

    with Manifest(path, {'seed': 1}) as manifest:
        monkeypatch.setattr(manifest._log, 'append', full)
        with pytest.raises(JobStoppedError, match='manifest.jsonl: No space left on device'):
            manifest.append({'key': 'a'})
        assert not manifest.is_done('a')
