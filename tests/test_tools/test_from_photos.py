import json

import cv2
import pytest

from monfap_mm.datasets import ForgeryDataset
from tests.test_curation.rendered import SEEDS, take_picture
from tests.test_curation.trees import hash_tree
from tests.test_tools.converters import convert, convert_here, kill_halfway

COUNT = 60


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """Photographs in folders with odd names, and their boxes."""
    root, boxes = tmp_path_factory.mktemp('photos') / 'my photos', {}
    for number in range(COUNT):
        image, found = take_picture(number, 160)
        name = f'tägé\t{number % 2}/a {number}.png'
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(cv2.imencode('.png', image)[1].tobytes())
        boxes[name] = found.tolist()
    path = root.parent / 'boxes.json'
    path.write_text(json.dumps(boxes))
    return root, path


@pytest.fixture(scope='module')
def made(photos):
    root, boxes = photos
    dst = root.parent / 'whole'
    done = convert('from_photos', root, dst, *options(boxes), '--workers', '2', cwd=root.parent)
    return dst, done.stdout


def options(boxes):
    return '--boxes', boxes, '--fakes-per-photo', '2', '--size', '128', '--shares', '0.6', '0.2', '0.2'


def test_a_set_that_is_fit_to_train_on(made, tmp_path, monkeypatch, capsys):
    dst, output = made
    assert f'{COUNT} photographs, 0 bad' in output
    lists = [dst / f'{split}.txt' for split in ('train', 'val', 'test')]
    assert sum(len(ForgeryDataset(ann_file=str(path), data_root='', pipeline=[])) for path in lists) == 3 * COUNT
    assert convert_here(monkeypatch, 'check', *lists, '--out', tmp_path) == 0
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['fit']
    assert report['problems'] == {}
    assert sum(each['fake'] for each in report['lists'].values()) == 2 * COUNT
    assert (tmp_path / 'sheet.jpg').stat().st_size > 10_000
    assert 'fit to train on' in capsys.readouterr().out


def test_ten_workers_write_what_two_write(photos, made, tmp_path, monkeypatch):
    arguments = (photos[0], tmp_path / 'dst', *options(photos[1]), '--workers', '10')
    assert convert_here(monkeypatch, 'from_photos', *arguments) == 0
    assert hash_tree(tmp_path / 'dst') == hash_tree(made[0])


def test_killed_and_started_again_it_writes_the_same(photos, made, tmp_path, monkeypatch, capsys):
    root, boxes = photos
    dst, arguments = tmp_path / 'dst', options(boxes)
    manifest = dst / 'manifest.jsonl'
    kill_halfway('from_photos', root, dst, *arguments, '--workers', '2', cwd=tmp_path, manifest=manifest, lines=5)
    assert not (dst / 'train.txt').exists()
    assert convert_here(monkeypatch, 'from_photos', root, dst, *arguments, '--workers', '1') == 0
    assert 'done before' in capsys.readouterr().out
    assert hash_tree(dst) == hash_tree(made[0])


def test_faces_found_by_the_detector(tmp_path, monkeypatch, capsys):
    (tmp_path / 'photos').mkdir()
    for seed in SEEDS:
        cv2.imwrite(str(tmp_path / f'photos/{seed}.png'), take_picture(seed)[0])
    cv2.imwrite(str(tmp_path / 'photos/empty.png'), take_picture(0)[0][:40])
    (tmp_path / 'photos/broken.jpg').write_bytes(b'broken')
    arguments = (tmp_path / 'photos', tmp_path / 'dst', '--kinds', 'self_blend', '--max-bad', '0.2', '--workers', '2')
    assert convert_here(monkeypatch, 'from_photos', *arguments) == 0
    output = capsys.readouterr().out
    assert 'photographs with fewer than 2 faces, left out: 1' in output
    assert '6 photographs, 1 bad' in output
    assert 'bad: broken.jpg' in output


def test_what_cannot_run_says_why(photos, made, tmp_path, monkeypatch, capsys):
    root, boxes = photos
    (tmp_path / 'empty').mkdir()
    for arguments, reason in (
        ((tmp_path / 'empty', tmp_path / 'dst'), 'no photographs in'),
        ((root, tmp_path / 'dst', '--boxes', boxes, '--detector', 'cascade'), 'either --boxes or a detector'),
        ((root / 'tägé\t0', tmp_path / 'dst', '--boxes', boxes), 'The boxes are of no photograph in the source'),
        ((root, tmp_path / 'dst', '--shares', '0', '0', '0'), 'shares of train, val, test'),
        ((root, made[0], *options(boxes), '--seed', '1'), 'other settings: seed (0 there, 1 asked)'),
    ):
        assert convert_here(monkeypatch, 'from_photos', *arguments) == 2
        assert reason in capsys.readouterr().err
