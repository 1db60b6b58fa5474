import os

import pytest

from monfap_mm.cli.inputs import Inputs, identity, state


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Photographs a and b, and the working directory among them."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in ('a.jpg', 'b.jpg'):
        (folder / name).write_bytes(b'x')
    monkeypatch.chdir(folder)
    return folder


def test_one_file_by_many_names_is_answered_once(photos):
    (photos.parent / 'link').symlink_to(photos)
    (photos / 'c.jpg').symlink_to('a.jpg')
    names = ['a.jpg', './a.jpg', str(photos / 'a.jpg'), '../link/a.jpg', '../photos//a.jpg', 'c.jpg', 'A.jpg']
    inputs = Inputs(names)
    assert list(inputs) == ['a.jpg', 'c.jpg', 'A.jpg']
    assert inputs.total == 3


def test_what_is_done_is_left_out_by_any_name_until_it_changes(photos):
    done = {identity('a.jpg'): state('a.jpg'), identity('b.jpg'): state('b.jpg')}
    assert list(Inputs([str(photos)], done=done)) == []
    (photos / 'a.jpg').write_bytes(b'xy')
    inputs = Inputs(['./a.jpg', 'b.jpg', 'c.jpg'], done=done)
    assert list(inputs) == ['./a.jpg', 'c.jpg']
    assert (inputs.total, inputs.changed) == (3, 1)
    assert inputs.take_state('./a.jpg') == state('a.jpg')
    assert inputs.take_state('./a.jpg') is None


@pytest.mark.parametrize('change', ['size', 'time', 'nothing'])
def test_a_change_is_seen_by_size_and_time(photos, change):
    before = os.stat('a.jpg')
    done = {identity('a.jpg'): state('a.jpg')}
    (photos / 'a.jpg').write_bytes(b'xy' if change == 'size' else b'z')
    later = before.st_mtime_ns + (1_000 if change == 'time' else 0)
    os.utime('a.jpg', ns=(later, later))
    assert list(Inputs(['a.jpg'], done=done)) == ([] if change == 'nothing' else ['a.jpg'])


def test_an_answer_outlives_its_file_and_earlier_versions_knew_no_state(photos):
    done = {identity('a.jpg'): state('a.jpg'), identity('b.jpg'): None}
    (photos / 'a.jpg').unlink()
    (photos / 'b.jpg').write_bytes(b'other')
    assert list(Inputs(['a.jpg', 'b.jpg'], done=done)) == []


def test_folders_of_answers_are_left_out_and_what_lies_beside_them_is_not(photos):
    out = photos / 'out'
    (out / 'masks').mkdir(parents=True)
    (out / 'b.jpg').write_bytes(b'x')
    (photos / 'masks').mkdir()
    (photos / 'masks' / 'c.jpg').write_bytes(b'x')
    (out / 'masks' / 'm.png').write_bytes(b'x')
    (photos / 'out.jpg').write_bytes(b'x')
    (photos.parent / 'link').symlink_to(out)
    inputs = Inputs(['**/*.*g', '../link/masks/m.png', str(out / 'masks')], out=out)
    assert list(inputs) == ['a.jpg', 'b.jpg', 'masks/c.jpg', 'out.jpg', 'out/b.jpg']
    assert (inputs.total, inputs.own) == (5, 1)


def test_the_state_is_that_before_the_file_is_read(photos):
    inputs = Inputs(['a.jpg'])
    before = state('a.jpg')
    for path in inputs:
        (photos / path).write_bytes(b'changed while it is read')
    assert inputs.take_state('a.jpg') == before


def test_names_that_are_no_files(photos):
    names = ['gone.jpg', 'nul\0.jpg', 'nul\0/x.jpg', 'http://x/a.jpg', '\udce9.jpg']
    assert list(Inputs(names)) == names
    assert state('nul\0.jpg') is None
