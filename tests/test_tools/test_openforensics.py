import signal

import pytest

from monfap_mm.datasets import OFV2Dataset
from tests.test_curation.openforensics_set import OpenForensicsSet, box, make_plain
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
    assert '406 items, 0 bad' in done.stdout
    assert 'per second' in done.stdout
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
    assert not (dst / 'train.txt').exists()  # a list of a part would pass for the whole
    assert convert_here(monkeypatch, 'openforensics', src, dst, '--max-bad', '0.2', '--link', 'hard') == 2
    assert "other settings: link ('copy' there, 'hard' asked)" in capsys.readouterr().err


def test_interrupted_it_says_so_and_goes_on(source, converted, tmp_path, monkeypatch):
    dst = tmp_path / 'dst'
    started = start('openforensics', source, dst, '--workers', '2', cwd=tmp_path)
    stop_halfway(started, signal.SIGINT, dst / 'manifest.jsonl', lines=30)
    assert started.exitcode == 130
    message = (tmp_path / 'stderr').read_text()
    assert 'stopped; the same command goes on from here' in message
    assert 'Traceback' not in message
    assert convert_here(monkeypatch, 'openforensics', source, dst, '--workers', '2') == 0
    assert hash_tree(dst) == hash_tree(converted[0])


def test_changed_annotations_are_other_settings(tmp_path, monkeypatch, capsys):
    src, dst = make_plain(tmp_path / 'src', count=3), tmp_path / 'dst'
    assert convert_here(monkeypatch, 'openforensics', src, dst, '--workers', '1') == 0
    annotations = src / 'Train_poly.json'
    annotations.write_text(annotations.read_text().replace('"category_id": 1', '"category_id": 0'))
    assert convert_here(monkeypatch, 'openforensics', src, dst, '--workers', '1') == 2
    assert 'made with other settings: Train_poly.json (' in capsys.readouterr().err


def test_doubtful_annotations_count_as_bad_items(tmp_path, monkeypatch, capsys):
    made = OpenForensicsSet(tmp_path / 'src')
    for number in range(6):
        made.add('train', f'{number}.jpg', (1, [box(4, 5, 14, 20)]))
    del made.files['train']['annotations'][0]['category_id']
    made.files['train']['annotations'][1]['image_id'] = None
    made.save()
    assert convert_here(monkeypatch, 'openforensics', made.root, tmp_path / 'dst', '--workers', '1') == 1
    said = capsys.readouterr()
    assert 'bad: train/0.jpg: an annotation has no category, or an unknown one' in said.out
    assert 'Gave up' in said.err
    tolerant = ('--workers', '1', '--max-bad', '0.5')
    assert convert_here(monkeypatch, 'openforensics', made.root, tmp_path / 'dst', *tolerant) == 0
    assert 'annotation 1 of Train_poly.json is damaged or of an unknown image' in capsys.readouterr().out


def test_a_set_of_other_categories_or_without_images_is_not_fit(tmp_path, monkeypatch, capsys):
    made = OpenForensicsSet(tmp_path / 'src')
    made.save()
    assert convert_here(monkeypatch, 'openforensics', made.root, tmp_path / 'dst') == 1
    assert 'Nothing came out of the 0 items' in capsys.readouterr().err
    made.files['val']['categories'] = [{'id': 0, 'name': 'Genuine'}, {'id': 1, 'name': 'Forged'}]
    made.save()
    assert convert_here(monkeypatch, 'openforensics', made.root, tmp_path / 'other') == 2
    assert "but there are: 'Genuine', 'Forged'" in capsys.readouterr().err
