import signal

import pytest

from monfap_mm.datasets import OFV2Dataset
from tests.test_curation.openforensics_set import make_plain
from tests.test_curation.trees import hash_tree
from tests.test_tools.converters import convert, convert_here, kill_halfway, start, stop_halfway


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    return make_plain(tmp_path_factory.mktemp('openforensics') / 'with space', count=400)


@pytest.fixture(scope='module')
def converted(source):
    dst = source.parent / 'whole'
    done = convert('openforensics', source, dst, '--workers', '1', cwd=source.parent)
    return dst, done


def test_lists_that_the_dataset_loads(source, converted):
    dst, done = converted
    assert 'train       133       267       400' in done.stdout
    assert '409 items, 0 bad' in done.stdout
    assert 'a second' in done.stdout
    # Not a terminal: no bar, no flood of lines.
    assert done.stderr.count('\n') < 5
    dataset = OFV2Dataset(data_root=str(dst), ann_file='train.txt', pipeline=[])
    assert len(dataset) == 400


def test_killed_and_started_again_with_other_workers_it_writes_the_same(source, converted, tmp_path):
    dst = tmp_path / 'dst'
    manifest = dst / 'manifest.jsonl'
    kill_halfway('openforensics', source, dst, '--workers', '3', cwd=tmp_path, manifest=manifest, lines=30)
    assert not (dst / 'train.txt').exists()
    done = convert('openforensics', source, dst, '--workers', '2', cwd=tmp_path)
    assert 'done before' in done.stdout
    assert hash_tree(dst) == hash_tree(converted[0])


def test_too_many_broken_images_end_with_1_and_other_settings_with_2(tmp_path, monkeypatch, capsys):
    src, dst = make_plain(tmp_path / 'src', count=20), tmp_path / 'dst'
    for number in (3, 15):
        (src / f'Images/Train/train{number:03}.jpg').write_bytes(b'broken')
    assert convert_here(monkeypatch, 'openforensics', src, dst, '--workers', '1') == 1
    said = capsys.readouterr()
    assert 'Gave up: more than 1.00%' in said.err
    assert 'bad: train/train003.jpg' in said.out
    assert (dst / 'images/train/train002.jpg').exists()
    assert (dst / 'train.txt').exists()
    assert convert_here(monkeypatch, 'openforensics', src, dst, '--max-bad', '0.2', '--link', 'hard') == 2
    assert "other settings: link ('copy' there, 'hard' asked)" in capsys.readouterr().err


def test_interrupted_it_says_so_and_goes_on(source, converted, tmp_path, monkeypatch):
    dst = tmp_path / 'dst'
    started = start('openforensics', source, dst, '--workers', '2', cwd=tmp_path)
    stop_halfway(started, signal.SIGINT, dst / 'manifest.jsonl', lines=30)
    assert started.returncode == 130
    message = started.stderr.read()
    assert 'interrupted; the same command goes on from here' in message
    assert 'Traceback' not in message
    assert convert_here(monkeypatch, 'openforensics', source, dst, '--workers', '2') == 0
    assert hash_tree(dst) == hash_tree(converted[0])
