"""The perturbed copy of a set, and what happens to bad input and after a kill."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monfap_mm.curation.perturbed import convert as perturb_one
from monfap_mm.curation.perturbed import list_tasks
from monfap_mm.datasets import ForgeryDataset
from monfap_mm.media.errors import BadInput
from tests.test_curation.trees import hash_tree
from tests.test_datasets.files import box_mask, make_dataset, photo, save
from tests.test_tools.converters import convert, convert_here, kill_halfway

LOAD = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryAnnotations')]
PACK = dict(type='PackForgeryInputs')


def packed(root, pipeline):
    return list(ForgeryDataset('test.txt', data_root=str(root), pipeline=pipeline, test_mode=True))


def read_manifest(folder):
    return [json.loads(line) for line in (folder / 'manifest.jsonl').read_text().splitlines()]


@pytest.fixture(scope='module')
def source(tmp_path_factory) -> Path:
    """Three real and four fake images, one of them in a folder beside the set's."""
    root = make_dataset(tmp_path_factory.mktemp('source') / 'set', num_real=3, num_fake=3, name='test.txt')
    save(root.parent / 'beside' / '0.png', photo(seed=9))
    with open(root / 'test.txt', 'a') as file:
        file.write('../beside/0.png\t1\tmasks/3.png\n')
    return root


@pytest.fixture(scope='module')
def copy(source, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('copies') / 'copy'
    before = hash_tree(source.parent)
    done = convert('perturb', source / 'test.txt', folder, '--workers', 1, cwd=folder.parent)
    assert hash_tree(source.parent) == before
    assert 'test         3         4         7' in done.stdout
    assert '7 images, 0 bad' in done.stdout
    return folder


def test_masks_of_0_and_1(tmp_path, monkeypatch, capsys):
    root = make_dataset(tmp_path / 'set', num_real=1, num_fake=1, name='test.txt')
    save(root / 'masks/1.png', box_mask() // 255)
    options = ('--families', 'color', '--workers', 1, '--max-bad', 0.5)
    assert convert_here(monkeypatch, 'perturb', root / 'test.txt', tmp_path / 'a', *options) == 0
    assert "set mask_values='nonzero'" in capsys.readouterr().out
    options += ('--mask-values', 'nonzero')
    assert convert_here(monkeypatch, 'perturb', root / 'test.txt', tmp_path / 'b', *options) == 0
    (sample,) = (each['data_samples'] for each in packed(tmp_path / 'b', [*LOAD, PACK])[1:])
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], box_mask() // 255)


def test_a_fake_whose_forgery_is_lost_is_bad(tmp_path):
    root = make_dataset(tmp_path / 'set', num_real=1, num_fake=1, name='test.txt')

    def lose(image, mask):
        return image, 0 * mask, [dict(name='crop'), dict(name='blur')]

    tasks = list_tasks(root / 'test.txt')
    options = dict(split='test', perturber=lose, max_pixels=10**6)
    assert len(perturb_one(tasks[0], tmp_path, **options).entries) == 1
    with pytest.raises(BadInput, match=r'1\.png: nothing is left of the forgery after crop, blur'):
        perturb_one(tasks[1], tmp_path, **options)


def test_the_copy_reads_as_what_is_perturbed_on_the_fly(source, copy):
    flying = packed(source, [*LOAD, dict(type='Perturb'), PACK])
    written = packed(copy, [*LOAD, PACK])
    assert len(written) == len(flying) == 7
    for ours, theirs in zip(written, flying):
        np.testing.assert_array_equal(ours['inputs'], theirs['inputs'])
        ours, theirs = ours['data_samples'], theirs['data_samples']
        np.testing.assert_array_equal(ours.gt_sem_seg.data, theirs.gt_sem_seg.data)
        assert ours.gt_label.label == theirs.gt_label.label
    clean = packed(source, [*LOAD, PACK])
    assert all((ours['inputs'] != theirs['inputs']).any() for ours, theirs in zip(written, clean))


def test_the_manifest_tells_what_was_applied(copy):
    header, *records = read_manifest(copy)
    assert header['settings'].items() >= dict(converter='perturb', list='test.txt', severity=[1, 5], seed=0).items()
    assert [record['key'] for record in records] == [f'images/{i}.png' for i in range(6)] + ['../beside/0.png']
    entries = [entry for record in records for entry in record['entries']]
    assert len(entries) == 7
    assert entries[0]['image'] == 'images/images/0.png.png'
    assert entries[0]['mask'] is None
    assert (entries[6]['image'], entries[6]['mask']) == (
        'images/%up/beside/0.png.png',
        'masks/%up/beside/0.png.png',
    )
    for entry in entries:
        steps = entry['info']['perturbations']
        assert 1 <= len(steps) <= 3
        for step in steps:
            assert set(step) == {'family', 'name', 'severity', 'type', 'arguments', 'seed', 'skipped'}
    lines = (copy / 'test.txt').read_text().splitlines()
    assert lines[1] == 'images/images/0.png.png\t0'
    assert lines[7] == 'images/%up/beside/0.png.png\t1\tmasks/%up/beside/0.png.png'


def test_after_a_kill_only_what_is_missing_is_done(source, copy, tmp_path, monkeypatch, capsys):
    """Also: two processes write the same bytes as one."""
    lines = (copy / 'manifest.jsonl').read_text().splitlines(keepends=True)
    folder = tmp_path / 'again'
    images = [f'images/images/{i}.png.png' for i in (0, 1, 3)]
    for name in images:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((copy / name).read_bytes())
        os.utime(path, (1, 1))
    # A kill while the third line was being written, with the fourth image finished and not in the manifest.
    (folder / 'manifest.jsonl').write_text(''.join(lines[:3]) + lines[3][:40])
    assert convert_here(monkeypatch, 'perturb', source / 'test.txt', folder, '--workers', 2) == 0
    assert '2 done before' in capsys.readouterr().out
    assert hash_tree(folder) == hash_tree(copy)
    assert [(folder / name).stat().st_mtime == 1 for name in images] == [True, True, False]


def test_killed_and_started_again_with_other_workers_it_writes_the_same(tmp_path, monkeypatch, capsys):
    path = make_dataset(tmp_path / 'set', num_real=100, num_fake=100, name='test.txt') / 'test.txt'
    assert convert_here(monkeypatch, 'perturb', path, tmp_path / 'whole', '--workers', 1) == 0
    dst = tmp_path / 'dst'
    killed = dict(cwd=tmp_path, manifest=dst / 'manifest.jsonl', lines=3)
    kill_halfway('perturb', path, dst, '--workers', 2, **killed)
    assert not (dst / 'test.txt').exists()
    capsys.readouterr()
    assert convert_here(monkeypatch, 'perturb', path, dst, '--workers', 3) == 0
    assert 'done before' in capsys.readouterr().out
    assert hash_tree(dst) == hash_tree(tmp_path / 'whole')


def test_broken_images_are_skipped_and_done_once_they_are_mended(tmp_path, monkeypatch, capsys):
    root = make_dataset(tmp_path / 'set', num_real=2, num_fake=3, name='test.txt')
    whole = (root / 'images/1.png').read_bytes()
    (root / 'images/1.png').write_bytes(whole[:100])
    (root / 'images/2.png').unlink()
    save(root / 'masks/3.png', np.zeros((40, 61), np.uint8))
    folder = tmp_path / 'copy'
    options = ('--workers', 1, '--families', 'color', '--severity', 3, '--num', 1)

    def here(*more):
        return convert_here(monkeypatch, 'perturb', root / 'test.txt', folder, *options, *more)

    assert here() == 1
    assert 'Gave up: more than 1.00% of the images are bad' in capsys.readouterr().err
    assert here('--max-bad', 0.6) == 0
    shown = capsys.readouterr().out
    assert '5 images, 3 bad' in shown
    for reason in ('images/1.png', 'images/2.png', '61x40 pixels'):
        assert reason in shown
    assert [line.split('\t')[0] for line in (folder / 'test.txt').read_text().splitlines()[1:]] == [
        'images/images/0.png.png',
        'images/images/4.png.png',
    ]
    records = read_manifest(folder)[1:]
    assert ['bad' in record for record in records] == [False, True, True, True, False]
    entries = [entry for record in records for entry in record.get('entries', ())]
    steps = [step for entry in entries for step in entry['info']['perturbations']]
    assert {(step['family'], step['severity']) for step in steps} == {('color', 3)}
    (root / 'images/1.png').write_bytes(whole)
    assert here('--max-bad', 0.6) == 0
    assert '5 images, 2 bad' in capsys.readouterr().out
    with Image.open(folder / 'images/images/1.png.png') as image:
        assert image.size == (60, 40)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--seed', 1], 'holds a set made with other settings: seed (0 there, 1 asked)'),
        (['--families', 'colour'], "no family or perturbation 'colour'; did you mean color"),
        (['--severity', 7], 'color/brighten has severities 1 to 5, got 7'),
        (['--num', 1, 2, 3], 'num must be an integer or a range'),
    ],
)
def test_bad_arguments(source, copy, monkeypatch, capsys, arguments, message):
    before = hash_tree(copy)
    assert convert_here(monkeypatch, 'perturb', source / 'test.txt', copy, *arguments) == 2
    assert message in capsys.readouterr().err
    assert hash_tree(copy) == before


def test_bad_lists(copy, tmp_path, monkeypatch, capsys):
    root = make_dataset(tmp_path / 'set', num_real=1, num_fake=0, name='test.txt')

    def refused(source, folder):
        assert convert_here(monkeypatch, 'perturb', source, folder) == 2
        return capsys.readouterr().err

    assert 'nothing.txt' in refused(tmp_path / 'nothing.txt', tmp_path / 'copy')
    assert 'the copy needs a folder of its own' in refused(root / 'test.txt', root)
    # A manifest in the source's folder must not lead to the advice to delete it.
    assert 'the copy needs a folder of its own' in refused(copy / 'test.txt', copy)
    with open(root / 'test.txt', 'a') as file:
        file.write('images/../images/0.png\t0\n')
    assert "two items called 'images/0.png'" in refused(root / 'test.txt', tmp_path / 'copy')
    assert not (tmp_path / 'copy').exists()
