"""The perturbed copy of a set, and what happens to bad input and after a kill."""

import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monfap_mm.datasets import ForgeryDataset

from ..test_datasets.files import make_dataset, photo, save
from .conftest import ROOT, tool

LOAD = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryAnnotations')]
PACK = dict(type='PackForgeryInputs')


def perturb(source, folder, *arguments):
    return tool('dataset_converters/perturb.py', source, folder, *arguments, cwd=folder.parent)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def packed(root, pipeline):
    return list(ForgeryDataset('test.txt', data_root=str(root), pipeline=pipeline, test_mode=True))


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
    before = contents(source)
    done = perturb(source / 'test.txt', folder, '--workers', 1)
    assert contents(source) == before
    assert '7 perturbed images' in done.stdout
    return folder


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
    records = [json.loads(line) for line in (copy / 'manifest.jsonl').read_text().splitlines()]
    assert [record['source'] for record in records] == [f'images/{i}.png' for i in range(6)] + ['../beside/0.png']
    assert records[0]['image'] == 'images/0.png.png'
    assert 'mask' not in records[0]
    assert (records[6]['image'], records[6]['mask']) == ('up/beside/0.png.png', 'up/beside/0.png.mask.png')
    for record in records:
        assert 1 <= len(record['perturbations']) <= 3
        for step in record['perturbations']:
            assert set(step) == {'family', 'name', 'severity', 'type', 'arguments', 'seed', 'skipped'}
    lines = (copy / 'test.txt').read_text().splitlines()
    assert lines[1] == 'images/0.png.png\t0'
    assert lines[7] == 'up/beside/0.png.png\t1\tup/beside/0.png.mask.png'


def test_after_a_kill_only_what_is_missing_is_done(source, copy, tmp_path):
    """Also: two processes write the same bytes as one."""
    expected = contents(copy)
    lines = expected['manifest.jsonl'].decode().splitlines(keepends=True)
    folder = tmp_path / 'again'
    for name in ('perturb.json', 'images/0.png.png', 'images/1.png.png', 'images/3.png.png'):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(expected[name])
    # A kill while the third line was being written, with the fourth image finished and not in the manifest.
    (folder / 'manifest.unfinished.jsonl').write_text(''.join(lines[:2]) + lines[2][:40])
    for name in ('images/0.png.png', 'images/3.png.png'):
        os.utime(folder / name, (1, 1))
    done = perturb(source / 'test.txt', folder, '--workers', 2)
    assert '2 of 7 images are done already' in done.stdout
    assert contents(folder) == expected
    assert (folder / 'images/0.png.png').stat().st_mtime == 1
    assert (folder / 'images/3.png.png').stat().st_mtime != 1


@pytest.fixture
def here(monkeypatch):
    """Runs the tool in this process, which spares its import."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['perturb.py', *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools/dataset_converters/perturb.py'), run_name='__main__')

    return run


@pytest.fixture
def refused(here):
    """Runs the tool, and returns the message with which it ends."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            here(*arguments)
        return str(ended.value)

    return run


def test_broken_images_are_skipped_and_done_once_they_are_mended(tmp_path, here, capsys):
    root = make_dataset(tmp_path / 'set', num_real=2, num_fake=3, name='test.txt')
    whole = (root / 'images/1.png').read_bytes()
    (root / 'images/1.png').write_bytes(whole[:100])
    (root / 'images/2.png').unlink()
    save(root / 'masks/3.png', np.zeros((40, 61), np.uint8))
    folder = tmp_path / 'copy'
    command = (root / 'test.txt', folder, '--workers', 1, '--families', 'color', '--severity', 3, '--num', 1)
    here(*command)
    shown = capsys.readouterr()
    assert '2 perturbed images' in shown.out
    assert '3 images were skipped' in shown.err
    for reason in ('images/1.png', 'images/2.png', '61x40 pixels'):
        assert reason in shown.err
    assert [line.split('\t')[0] for line in (folder / 'test.txt').read_text().splitlines()[1:]] == [
        'images/0.png.png',
        'images/4.png.png',
    ]
    records = [json.loads(line) for line in (folder / 'manifest.jsonl').read_text().splitlines()]
    assert ['error' in record for record in records] == [False, True, True, True, False]
    steps = [step for record in records for step in record.get('perturbations', [])]
    assert {(step['family'], step['severity']) for step in steps} == {('color', 3)}
    (root / 'images/1.png').write_bytes(whole)
    here(*command)
    assert '3 perturbed images' in capsys.readouterr().out
    with Image.open(folder / 'images/1.png.png') as image:
        assert image.size == (60, 40)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--seed', 1], 'holds a copy of another list or with other settings'),
        (['--families', 'colour'], "no family or perturbation 'colour'; did you mean color"),
        (['--severity', 7], 'color/brighten has severities 1 to 5, got 7'),
        (['--num', 1, 2, 3], 'num must be an integer or a range'),
    ],
)
def test_bad_arguments(source, copy, refused, arguments, message):
    before = contents(copy)
    assert message in refused(source / 'test.txt', copy, *arguments)
    assert contents(copy) == before


def test_bad_lists(tmp_path, refused):
    root = make_dataset(tmp_path / 'set', num_real=1, num_fake=0, name='test.txt')
    assert 'nothing.txt' in refused(tmp_path / 'nothing.txt', tmp_path / 'copy')
    assert 'the copy needs a folder of its own' in refused(root / 'test.txt', root)
    with open(root / 'test.txt', 'a') as file:
        file.write('images/../images/0.png\t0\n')
    assert 'has the image images/0.png twice' in refused(root / 'test.txt', tmp_path / 'copy')
    assert not (tmp_path / 'copy').exists()
